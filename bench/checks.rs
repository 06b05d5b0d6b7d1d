//! The check of a Python connector of the package index: by a server that has it loaded, against one that
//! starts it each time. Both are asked through the API, by turns.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value as Json, json};

use super::cases::Targets;
use super::postgres::Postgres;
use super::python;
use super::report::Value;
use super::settings::{self, Engine, Settings};
use super::works::{Works, patiently};

pub(crate) async fn measure(
    settings: &Settings,
    postgres: Option<&Postgres>,
) -> Result<Vec<Value>> {
    let engine = Engine::of(postgres).name();
    if let Some(why) = python::wanting() {
        return Ok(vec![Value::missing(
            "the check of a Python connector",
            engine,
            &why,
        )]);
    }
    let [warm, cold] = [
        Side::start(postgres, "warm").await?,
        Side::start(postgres, "cold").await?,
    ];
    let (mut ratios, mut fast, mut slow) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..settings.rounds {
        let (one, other) = if round % 2 == 0 {
            let one = warm.check().await?;
            (one, cold.check().await?)
        } else {
            let other = cold.check().await?;
            (warm.check().await?, other)
        };
        ratios.push(one / other);
        fast.push(one);
        slow.push(other);
    }
    let value = |says: &str, unit, figures, targets| Value {
        says: says.into(),
        engine,
        unit,
        figures,
        targets,
    };
    let targets = Targets {
        must: 0.2,
        aim: 0.05,
    };
    Ok(vec![
        value(
            "check of airbyte-source-faker: loaded / started",
            "",
            ratios,
            Some(targets),
        ),
        value("  loaded", "ms", fast, None),
        value("  started for it", "ms", slow, None),
    ])
}

struct Side {
    works: Works,
    path: String,
}

impl Side {
    async fn start(postgres: Option<&Postgres>, name: &str) -> Result<Self> {
        let mut more = settings::of_python();
        if name == "cold" {
            more.push(("FERROBYTE_WARM_PARENTS".into(), "0".into()));
        }
        let works = Works::start_in(python::furnished()?, postgres, name, &more).await?;
        let definition = works.define("airbyte-source-faker", "7.2.1").await?;
        let source = works.source_of(&definition, json!({ "count": 10 })).await?;
        let path = format!("/sources/{}/check", source.as_str().unwrap_or_default());
        let side = Self { works, path };
        // Once for whatever is done once.
        patiently(async || side.check().await).await?;
        Ok(side)
    }

    /// In milliseconds.
    async fn check(&self) -> Result<f64> {
        let begun = Instant::now();
        let answer: Json = self.works.post(&self.path, &json!({})).await?;
        ensure!(answer["status"] == "succeeded", "{answer}");
        Ok(begun.elapsed().as_secs_f64() * 1e3)
    }
}
