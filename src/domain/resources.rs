//! What a connector may use of the machine, as people write it: quantities in the spelling of Kubernetes,
//! kept as they are given. What cannot be read as a quantity limits nothing.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Requirements for every job, and others for some kinds of jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScopedResourceRequirements {
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<ResourceRequirements>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_specific: Option<Vec<JobTypeResourceLimit>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobTypeResourceLimit {
    job_type: JobType,
    resource_requirements: ResourceRequirements,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResourceRequirements {
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ephemeral_storage_request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ephemeral_storage_limit: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobType {
    GetSpec,
    CheckConnection,
    DiscoverSchema,
    Sync,
    ResetConnection,
    ConnectionUpdater,
    Replicate,
}

impl ScopedResourceRequirements {
    /// The most cores and the most bytes of memory for this kind of job, where they are limited.
    #[must_use]
    pub fn limits(&self, job: JobType) -> (Option<f64>, Option<u64>) {
        let specific = self.job_specific.iter().flatten();
        let specific = specific
            .filter(|one| one.job_type == job)
            .map(|one| &one.resource_requirements)
            .next();
        let pick = |field: fn(&ResourceRequirements) -> Option<&String>| {
            let named = specific.and_then(field);
            quantity(named.or_else(|| self.default.as_ref().and_then(field))?)
        };
        let cpu = pick(|requirements| requirements.cpu_limit.as_ref());
        let memory = pick(|requirements| requirements.memory_limit.as_ref());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float is cut to the range of the integer"
        )]
        (cpu, memory.map(|bytes| bytes as u64))
    }
}

/// A quantity such as `500m`, `2`, `1.5Gi` or `512M`; `None` for what is none.
fn quantity(text: &str) -> Option<f64> {
    let text = text.trim();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[number.len()..] {
        "m" => 1e-3,
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    (number.is_finite() && number > 0.0).then_some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_does() {
        for (text, expected) in [
            ("500m", Some(0.5)),
            ("2", Some(2.0)),
            ("1.5Gi", Some(1.5 * 1024.0 * 1024.0 * 1024.0)),
            ("512M", Some(512e6)),
            ("", None),
            ("0", None),
            ("-1", None),
            ("much", None),
            ("1 Gi", None),
            ("inf", None),
        ] {
            assert_eq!(quantity(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_job_of_its_own_kind_overrides_the_default_field_by_field() {
        let text = r#"{"default":{"cpu_limit":"1","memory_limit":"1Gi"},"jobSpecific":[
            {"jobType":"check_connection","resourceRequirements":{"cpu_limit":"250m"}}]}"#;
        let given: ScopedResourceRequirements = serde_json::from_str(text).expect("requirements");
        assert_eq!(
            given.limits(JobType::CheckConnection),
            (Some(0.25), Some(1 << 30))
        );
        assert_eq!(
            given.limits(JobType::DiscoverSchema),
            (Some(1.0), Some(1 << 30))
        );
        let empty = ScopedResourceRequirements::default();
        assert_eq!(empty.limits(JobType::Sync), (None, None));
    }
}
