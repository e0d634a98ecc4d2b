//! The limits the report holds the operations against, and how it writes names and numbers of users. Called by every other part of it.

use crate::operations::Operation;

/// What the project set itself as a goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// CPU over its floor.
    OverFloor(f64),
    /// CPU in milliseconds.
    Milliseconds(f64),
    Unset,
}

impl Limit {
    pub fn of(operation: &str) -> Self {
        let Some(operation) = Operation::ALL.into_iter().find(|known| known.name() == operation) else { return Self::Unset };
        match operation {
            Operation::Jwks | Operation::Discovery => Self::OverFloor(1.5),
            Operation::ClientCredentials => Self::OverFloor(1.15),
            Operation::Refresh | Operation::RefreshRotating => Self::OverFloor(1.2),
            Operation::CodeExchange => Self::OverFloor(1.3),
            Operation::PasswordSignIn => Self::OverFloor(1.1),
            Operation::SrpSignIn => Self::OverFloor(1.25),
            Operation::GetUser | Operation::UserInfo => Self::Milliseconds(0.03),
            _ => Self::Unset,
        }
    }

    pub fn words(self) -> String {
        match self {
            Self::OverFloor(times) => format!("≤ {times} × floor"),
            Self::Milliseconds(ms) => format!("≤ {ms} ms"),
            Self::Unset => "–".to_owned(),
        }
    }

    /// Whether a figure is within; `None` where there is no limit.
    pub fn met(self, cpu_ms: f64, over_floor: f64) -> Option<bool> {
        match self {
            Self::OverFloor(times) => Some(over_floor <= times),
            Self::Milliseconds(ms) => Some(cpu_ms <= ms),
            Self::Unset => None,
        }
    }
}

/// Where an operation stands on the page; one that the page does not know comes last.
pub fn place(operation: &str) -> usize {
    Operation::ALL.iter().position(|known| known.name() == operation).unwrap_or(usize::MAX)
}

/// `1 k`, `100 k`, `1 M`.
pub fn users(count: usize) -> String {
    match count {
        1_000_000.. if count.is_multiple_of(1_000_000) => format!("{} M", count / 1_000_000),
        1_000.. if count.is_multiple_of(1_000) => format!("{} k", count / 1_000),
        _ => count.to_string(),
    }
}
