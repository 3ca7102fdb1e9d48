//! What `setup` came to: its shape in JSON, and how a person reads it.

use serde::Serialize;
use serde_json::Value;

use crate::cli::SetupStep;
use crate::report::table::Table;
use crate::report::{Human, Paint};

/// `setup`
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    pub(super) user: String,
    pub(super) steps: Vec<Entry>,
}

/// A step.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    /// Which, as `--skip` has it.
    pub(super) step: SetupStep,
    /// The service, where the step is about one.
    pub(super) service: Option<String>,
    pub(super) outcome: Outcome,
    /// What there is to know of it, for people.
    pub(super) detail: String,
    /// The command that does the step by itself; null where there is nothing left to do.
    pub(super) command: Option<String>,
    /// What the command gave; null where it was not run for its result.
    pub(super) result: Option<Value>,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// It was done.
    Done,
    /// There was nothing to do.
    Already,
    /// It was left out.
    Skipped,
    /// It failed.
    Failed,
}

impl Outcome {
    fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Already => "already there",
            Self::Skipped => "left out",
            Self::Failed => "failed",
        }
    }
}

impl Entry {
    fn title(&self) -> String {
        match (self.step, &self.service) {
            (SetupStep::Key, _) => "Security key".to_owned(),
            (SetupStep::Pin, _) => "PIN of the key".to_owned(),
            (SetupStep::Passkey, _) => "Passkey".to_owned(),
            (SetupStep::SecondKey, _) => "Second key".to_owned(),
            (SetupStep::RecoveryCodes, _) => "Recovery codes".to_owned(),
            (SetupStep::Services, Some(service)) => format!("Service {service}"),
            (SetupStep::Services, None) => "Services".to_owned(),
        }
    }
}

impl Human for Summary {
    fn human(&self, paint: Paint) -> String {
        let mut table = Table::new(&["STEP", "OUTCOME", "", "LATER"]);
        for step in &self.steps {
            let cells = [
                step.title(),
                step.outcome.words().to_owned(),
                step.detail.clone(),
                step.command.clone().unwrap_or_default(),
            ];
            match step.outcome {
                Outcome::Skipped => table.faint_row(&cells),
                Outcome::Done | Outcome::Already | Outcome::Failed => table.row(&cells),
            }
        }
        format!("\n{}", table.text(paint))
    }
}
