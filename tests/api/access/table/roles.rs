//! The roles that are enough, from the least to the most.

use ferrobyte::domain::permission::PermissionType as P;

pub type Roles = &'static [P];

pub const ANYBODY: Roles = &P::ALL;
pub const ORGANIZATION_MEMBERS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::OrganizationRunner,
    P::OrganizationReader,
    P::OrganizationMember,
];
pub const ORGANIZATION_READERS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::OrganizationRunner,
    P::OrganizationReader,
];
pub const ORGANIZATION_EDITORS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
];
pub const ORGANIZATION_ADMINS: Roles = &[P::InstanceAdmin, P::OrganizationAdmin];
pub const READERS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::OrganizationRunner,
    P::OrganizationReader,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
    P::WorkspaceSourceEditor,
    P::WorkspaceDestinationEditor,
    P::WorkspaceRunner,
    P::WorkspaceReader,
];
pub const EDITORS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
    P::WorkspaceSourceEditor,
    P::WorkspaceDestinationEditor,
];
pub const SOURCE_EDITORS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
    P::WorkspaceSourceEditor,
];
/// Editors of everything: a destination editor does not bring destinations.
pub const WHOLE_EDITORS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
];
pub const DESTINATION_EDITORS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
    P::WorkspaceDestinationEditor,
];
pub const RUNNERS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::OrganizationEditor,
    P::OrganizationRunner,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
    P::WorkspaceEditor,
    P::WorkspaceSourceEditor,
    P::WorkspaceDestinationEditor,
    P::WorkspaceRunner,
];
pub const WORKSPACE_ADMINS: Roles = &[
    P::InstanceAdmin,
    P::OrganizationAdmin,
    P::WorkspaceOwner,
    P::WorkspaceAdmin,
];
