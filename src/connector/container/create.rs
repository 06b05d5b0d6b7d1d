//! Making a container: what it may use, which files it is given, under whose name, with which command.
//! The files go into a volume of the container's own, as an archive through the engine: they need no
//! directory that engine and server share, and are owned by whoever the image runs as.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, Mount, MountType, MountVolumeOptions,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, DownloadFromContainerOptionsBuilder,
    UploadToContainerOptionsBuilder,
};
use futures_util::StreamExt as _;
use uuid::Uuid;

use super::archive::{self, Owner};
use super::engine::refused;
use super::image::Image;
use super::{Inner, running};
use crate::connector::{Cause, Failure, Limits, Target};

/// Where the volume is mounted, and the directory in it.
const VOLUME: &str = "/ferrobyte";
const DIRECTORY: &str = "run";
/// A busy Java connector has a few hundred threads.
const PROCESSES: i64 = 4096;
/// An engine removes a container by asking it first, for so long.
const STOP: Duration = Duration::from_secs(10);
/// The first process. The connector is not it, since a signal without a handler does not reach that one;
/// but it has the input to itself, which a shell takes from whatever runs behind it. A signal cuts a wait
/// short; when the connector ends at that very moment, only another wait tells how (127: it was told).
const SHELL: &str = r#"
trap 'kill -TERM -1 2>/dev/null' TERM
exec 3<&0
( trap : TERM; eval "$AIRBYTE_ENTRYPOINT \"\$@\"" ) <&3 3<&- &
child=$!
exec 3<&- </dev/null
wait "$child"
code=$?
while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    code=$?
done
wait "$child" 2>/dev/null
last=$?
[ "$last" -eq 127 ] || code=$last
exit "$code"
"#;

/// What a run is given. The files hold secrets, so there is no `Debug`.
pub(super) struct Plan {
    /// Reference of the image.
    pub image: String,
    pub arguments: Vec<String>,
    pub files: Vec<(String, Vec<u8>)>,
    pub takes_input: bool,
    pub limits: Limits,
}

impl Plan {
    pub(super) fn of(target: &Target) -> Self {
        Self {
            image: format!("{}:{}", target.repository, target.tag),
            arguments: Vec::new(),
            files: Vec::new(),
            takes_input: false,
            limits: target.limits,
        }
    }
}

/// The path of a given file inside.
pub(super) fn path_of(file: &str) -> String {
    format!("{VOLUME}/{DIRECTORY}/{file}")
}

/// Makes a container with its files in it, and gives its id.
pub(super) async fn create(
    docker: &Docker,
    inner: &Inner,
    image: &Image,
    plan: &Plan,
) -> Result<String, Failure> {
    let run = inner.clock.new_id();
    let options = CreateContainerOptionsBuilder::new()
        .name(&format!("ferrobyte-{run}"))
        .build();
    let made = docker
        .create_container(Some(options), body(inner, image, plan, run))
        .await
        .map_err(|error| refused("making a container", &error))?;
    if !plan.files.is_empty()
        && let Err(failure) = hand_over(docker, &made.id, image, plan).await
    {
        running::remove(docker, &made.id).await;
        return Err(failure);
    }
    Ok(made.id)
}

fn body(inner: &Inner, image: &Image, plan: &Plan, run: Uuid) -> ContainerCreateBody {
    let labels = inner.instance.labels(run);
    let (entrypoint, arguments) = match &image.shell {
        Some(_) => {
            let shell = ["/bin/sh", "-c", SHELL, "ferrobyte"].map(str::to_owned);
            (Some(shell.to_vec()), plan.arguments.clone())
        }
        None => (None, plan.arguments.clone()),
    };
    ContainerCreateBody {
        image: Some(plan.image.clone()),
        entrypoint,
        cmd: Some(arguments),
        env: Some(
            [
                "DO_NOT_TRACK=1",
                "DEPLOYMENT_MODE=OSS",
                "USE_STREAM_CAPABLE_STATE=true",
            ]
            .map(str::to_owned)
            .to_vec(),
        ),
        labels: Some(labels.clone()),
        attach_stdin: Some(plan.takes_input),
        open_stdin: Some(plan.takes_input),
        stdin_once: Some(plan.takes_input),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        stop_timeout: Some(i64::try_from(STOP.as_secs()).unwrap_or(i64::MAX)),
        host_config: Some(host(inner, plan, labels)),
        ..ContainerCreateBody::default()
    }
}

fn host(inner: &Inner, plan: &Plan, labels: HashMap<String, String>) -> HostConfig {
    let settings = &inner.settings;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "nobody has that many cores"
    )]
    let nanoseconds = |cores: f64| (cores * 1e9) as i64;
    let volume = Mount {
        target: Some(VOLUME.to_owned()),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions {
            labels: Some(labels),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    };
    // What cannot be written to still needs a place for what is only for now.
    let temporary = HashMap::from([("/tmp".to_owned(), "rw,mode=1777".to_owned())]);
    HostConfig {
        network_mode: settings.network.clone(),
        readonly_rootfs: Some(settings.read_only),
        tmpfs: settings.read_only.then_some(temporary),
        mounts: Some(vec![volume]),
        nano_cpus: plan.limits.cpu.map(nanoseconds),
        memory: plan
            .limits
            .memory
            .map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
        pids_limit: Some(PROCESSES),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        // What it prints is records: they are read, not kept.
        log_config: Some(HostConfigLogConfig {
            typ: Some("none".to_owned()),
            config: None,
        }),
        ..HostConfig::default()
    }
}

/// Gives the container its files.
async fn hand_over(docker: &Docker, id: &str, image: &Image, plan: &Plan) -> Result<(), Failure> {
    let owner = owner(docker, id, &image.user).await?;
    let archive = archive::pack(DIRECTORY, &plan.files, owner);
    let options = UploadToContainerOptionsBuilder::new().path(VOLUME).build();
    docker
        .upload_to_container(id, Some(options), bollard::body_full(archive.into()))
        .await
        .map_err(|error| refused("handing a container its files", &error))
}

/// Whoever the image runs as, as numbers. A name is looked up in the image's own list.
async fn owner(docker: &Docker, id: &str, user: &str) -> Result<Owner, Failure> {
    let (name, group) = user.split_once(':').unwrap_or((user, ""));
    let group = group.parse().ok();
    if name.is_empty() {
        return Ok(Owner { user: 0, group: 0 });
    }
    if let Ok(user) = name.parse() {
        let group = group.unwrap_or(0);
        return Ok(Owner { user, group });
    }
    let options = DownloadFromContainerOptionsBuilder::new()
        .path("/etc/passwd")
        .build();
    let mut parts = docker.download_from_container(id, Some(options)).boxed();
    let mut packed = Vec::new();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| refused("reading the users of an image", &error))?;
        packed.extend_from_slice(&part);
    }
    let list = archive::first_file(&packed).unwrap_or_default();
    listed(&String::from_utf8_lossy(list), name)
        .map(|owner| Owner {
            group: group.unwrap_or(owner.group),
            ..owner
        })
        .ok_or_else(|| {
            Failure::new(
                Cause::Connector,
                format!("the image runs as {name}, whom it does not list"),
            )
        })
}

/// A user's numbers in the text of `/etc/passwd`.
fn listed(list: &str, name: &str) -> Option<Owner> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let (user, group) = (fields.nth(1)?, fields.next()?);
        Some(Owner {
            user: user.parse().ok()?,
            group: group.parse().ok()?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_the_whole_name() {
        let list = "root:x:0:0:root:/root:/bin/sh\nairbyte:x:1000:1001::/home/airbyte:/bin/sh\nbad:x:y:1::\n";
        let airbyte = Owner {
            user: 1000,
            group: 1001,
        };
        assert_eq!(listed(list, "airbyte"), Some(airbyte));
        assert_eq!(listed(list, "root"), Some(Owner { user: 0, group: 0 }));
        for unknown in ["air", "bad", "", "nobody"] {
            assert_eq!(listed(list, unknown), None, "{unknown}");
        }
    }
}
