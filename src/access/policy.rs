//! The role table: what each permission type allows, on an organization and in its workspaces. Groups
//! and new roles widen it here and nowhere else.

use crate::domain::definition::Kind;
use crate::domain::permission::PermissionType;

/// Something that a check can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Ability {
    /// Being a member of an organization; it opens no workspace.
    Belong,
    Read,
    /// Starting and cancelling jobs.
    Run,
    EditSources,
    EditDestinations,
    /// Any of the three ways to be an editor.
    EditSomething,
    /// Editing everything, and creating workspaces in an organization.
    Edit,
    /// Granting permissions.
    Administer,
}

/// A set of abilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Abilities(u8);

impl Abilities {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self(u8::MAX);

    const fn of(list: &[Ability]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < list.len() {
            bits |= 1 << list[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    #[must_use]
    pub fn include(self, ability: Ability) -> bool {
        self.0 & (1 << ability as u8) != 0
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

const READER: &[Ability] = &[Ability::Read];
const RUNNER: &[Ability] = &[Ability::Read, Ability::Run];
const SOURCE_EDITOR: &[Ability] = &[
    Ability::Read,
    Ability::Run,
    Ability::EditSources,
    Ability::EditSomething,
];
const DESTINATION_EDITOR: &[Ability] = &[
    Ability::Read,
    Ability::Run,
    Ability::EditDestinations,
    Ability::EditSomething,
];
const EDITOR: &[Ability] = &[
    Ability::Read,
    Ability::Run,
    Ability::EditSources,
    Ability::EditDestinations,
    Ability::EditSomething,
    Ability::Edit,
];

/// What a grant allows on the organization that it is given on.
#[must_use]
pub const fn on_organization(grant: PermissionType) -> Abilities {
    use PermissionType as P;
    let belong = Abilities::of(&[Ability::Belong]).0;
    match grant {
        P::InstanceAdmin | P::OrganizationAdmin => Abilities::ALL,
        P::OrganizationEditor => Abilities(Abilities::of(EDITOR).0 | belong),
        P::OrganizationRunner => Abilities(Abilities::of(RUNNER).0 | belong),
        P::OrganizationReader => Abilities(Abilities::of(READER).0 | belong),
        P::OrganizationMember => Abilities(belong),
        P::WorkspaceOwner
        | P::WorkspaceAdmin
        | P::WorkspaceEditor
        | P::WorkspaceSourceEditor
        | P::WorkspaceDestinationEditor
        | P::WorkspaceRunner
        | P::WorkspaceReader => Abilities::NONE,
    }
}

/// What a grant allows in a workspace: the one it is given on, or any of its organization.
#[must_use]
pub const fn in_workspace(grant: PermissionType) -> Abilities {
    use PermissionType as P;
    match grant {
        P::InstanceAdmin | P::OrganizationAdmin | P::WorkspaceOwner | P::WorkspaceAdmin => {
            Abilities::ALL
        }
        P::OrganizationEditor | P::WorkspaceEditor => Abilities::of(EDITOR),
        P::WorkspaceSourceEditor => Abilities::of(SOURCE_EDITOR),
        P::WorkspaceDestinationEditor => Abilities::of(DESTINATION_EDITOR),
        P::OrganizationRunner | P::WorkspaceRunner => Abilities::of(RUNNER),
        P::OrganizationReader | P::WorkspaceReader => Abilities::of(READER),
        P::OrganizationMember => Abilities::NONE,
    }
}

/// Whether everything that `narrow` allows in a workspace is allowed by `wide` already.
#[must_use]
pub fn implies(wide: PermissionType, narrow: PermissionType) -> bool {
    in_workspace(wide).and(in_workspace(narrow)) == in_workspace(wide)
}

/// A level that a check asks for, as a type, so that a proof cannot be used for more than it proves.
pub trait Level: std::fmt::Debug + Send + Sync {
    const ABILITY: Ability;
    /// The role that is missing when it is refused: on an organization, in a workspace.
    const ROLES: (&'static str, &'static str);
}

macro_rules! levels {
    ($($name:ident($organization:literal, $workspace:literal);)*) => {$(
        #[doc = concat!("The level of [`Ability::", stringify!($name), "`].")]
        #[derive(Debug)]
        pub struct $name;

        impl Level for $name {
            const ABILITY: Ability = Ability::$name;
            const ROLES: (&'static str, &'static str) = ($organization, $workspace);
        }
    )*};
}

levels! {
    Belong("organization_member", "workspace_reader");
    Read("organization_reader", "workspace_reader");
    Run("organization_runner", "workspace_runner");
    EditSources("organization_editor", "workspace_editor or workspace_source_editor");
    EditDestinations("organization_editor", "workspace_editor or workspace_destination_editor");
    EditSomething("organization_editor", "workspace_editor, workspace_source_editor or workspace_destination_editor");
    Edit("organization_editor", "workspace_editor");
    Administer("organization_admin", "workspace_admin");
}

/// A level that a check on a source or a destination asks for: the kind may decide which ability it is.
pub trait ActorLevel: std::fmt::Debug + Send + Sync {
    fn ability(kind: Kind) -> Ability;
    /// The role that is missing when it is refused.
    fn role(kind: Kind) -> &'static str;
}

impl<L: Level> ActorLevel for L {
    fn ability(_: Kind) -> Ability {
        L::ABILITY
    }

    fn role(_: Kind) -> &'static str {
        L::ROLES.1
    }
}

/// [`EditSources`] on sources, [`EditDestinations`] on destinations.
#[derive(Debug)]
pub struct EditActor;

impl ActorLevel for EditActor {
    fn ability(kind: Kind) -> Ability {
        match kind {
            Kind::Source => EditSources::ABILITY,
            Kind::Destination => EditDestinations::ABILITY,
        }
    }

    fn role(kind: Kind) -> &'static str {
        match kind {
            Kind::Source => EditSources::ROLES.1,
            Kind::Destination => EditDestinations::ROLES.1,
        }
    }
}

/// The levels at which connector definitions are made and changed. A destination's runs with the
/// credentials of everybody who chooses it, so a destination editor may not bring one.
pub trait EditsDefinitions: Level {
    const KIND: Kind;
}

impl EditsDefinitions for EditSources {
    const KIND: Kind = Kind::Source;
}

impl EditsDefinitions for Edit {
    const KIND: Kind = Kind::Destination;
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// The whole table, one row a type: organization, then workspace, an ability a letter.
    const TABLE: &str = "\
instance_admin               brusdeEa brusdeEa
organization_admin           brusdeEa brusdeEa
organization_editor          brusdeE. .rusdeE.
organization_runner          bru..... .ru.....
organization_reader          br...... .r......
organization_member          b....... ........
workspace_owner              ........ brusdeEa
workspace_admin              ........ brusdeEa
workspace_editor             ........ .rusdeE.
workspace_source_editor      ........ .rus.e..
workspace_destination_editor ........ .ru.de..
workspace_runner             ........ .ru.....
workspace_reader             ........ .r......
";

    #[test]
    fn the_role_table_is_as_documented() {
        const LETTERS: [(Ability, char); 8] = [
            (Ability::Belong, 'b'),
            (Ability::Read, 'r'),
            (Ability::Run, 'u'),
            (Ability::EditSources, 's'),
            (Ability::EditDestinations, 'd'),
            (Ability::EditSomething, 'e'),
            (Ability::Edit, 'E'),
            (Ability::Administer, 'a'),
        ];
        let row = |abilities: Abilities| -> String {
            LETTERS
                .iter()
                .map(|&(ability, letter)| {
                    if abilities.include(ability) {
                        letter
                    } else {
                        '.'
                    }
                })
                .collect()
        };
        let mut table = String::new();
        for grant in PermissionType::ALL {
            let (organization, workspace) = (on_organization(grant), in_workspace(grant));
            let _ = writeln!(
                table,
                "{:<28} {} {}",
                grant.as_str(),
                row(organization),
                row(workspace)
            );
        }
        assert_eq!(table, TABLE);
    }

    #[test]
    fn wider_grants_imply_narrower_ones() {
        use PermissionType as P;
        assert!(implies(P::OrganizationAdmin, P::WorkspaceAdmin));
        assert!(implies(P::OrganizationReader, P::WorkspaceReader));
        assert!(!implies(P::OrganizationReader, P::WorkspaceRunner));
        assert!(!implies(
            P::WorkspaceSourceEditor,
            P::WorkspaceDestinationEditor
        ));
        assert!(!implies(P::OrganizationMember, P::WorkspaceReader));
    }
}
