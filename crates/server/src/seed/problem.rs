//! What is wrong with a seed file, and where: one line each, as compilers write them. Made by every part of `seed`; shown by the
//! command line.

use std::fmt;

/// A place in the file, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    pub line: u32,
    pub column: u32,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub at: At,
    pub text: String,
}

impl Problem {
    #[must_use]
    pub fn new(at: At, text: impl Into<String>) -> Self {
        Self { at, text: text.into() }
    }
}

/// Everything that is wrong with a file, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    pub file: String,
    pub list: Vec<Problem>,
}

impl Problems {
    #[must_use]
    pub fn new(file: &str, mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| problem.at);
        list.dedup();
        Self { file: file.to_owned(), list }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.list.len();
        writeln!(out, "{}: {count} {}", self.file, if count == 1 { "problem" } else { "problems" })?;
        for (index, Problem { at, text }) in self.list.iter().enumerate() {
            let end = if index + 1 < count { "\n" } else { "" };
            write!(out, "{}:{}:{}: {text}{end}", self.file, at.line, at.column)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
