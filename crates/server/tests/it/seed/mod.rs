//! The seed file: through the library on both stores, through the command line beside a running server, at the start of `dev`.

mod applied;
mod commands;
mod refused;
mod start;
mod texts;

use poolhouse::seed::{self, Options, Report, Seed};

use crate::harness::House;

/// The example of the documentation, letter by letter.
fn documented() -> String {
    let document = include_str!("../../../../../docs/SEED.md");
    let from = document.find("```yaml\n").expect("an example") + "```yaml\n".len();
    document[from..].split("```").next().unwrap().to_owned()
}

const POOL: &str = "eu-central-1_Shop00001";
const WEB: &str = "1shop2web3app4client5id6";
const SECRET: &str = "everybody0may1know2this3secret4in5dev";

fn read(text: &str) -> Seed {
    seed::read("poolhouse.yaml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Everything wrong with a text, without the first line that counts it.
fn wrong(text: &str) -> Vec<String> {
    match seed::read("poolhouse.yaml", text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.to_string().lines().skip(1).map(str::to_owned).collect(),
    }
}

const WRITE: Options = Options { write: true, prune: false, guessable_secrets: true };
const LOOK: Options = Options { write: false, ..WRITE };
const LOOK_PRUNE: Options = Options { prune: true, ..LOOK };
const PRUNE: Options = Options { prune: true, ..WRITE };

async fn apply(house: &House, text: &str, options: &Options) -> Report {
    seed::apply(&house.engine, &read(text), options).await.unwrap_or_else(|failed| panic!("{failed}"))
}

/// What applying refuses, a line each.
async fn not_applied(house: &House, text: &str) -> Vec<String> {
    match seed::apply(&house.engine, &read(text), &WRITE).await {
        Ok(report) => panic!("{}", report.text(false)),
        Err(failed) => failed.problems.list.iter().map(|problem| format!("{}: {}", problem.at.line, problem.text)).collect(),
    }
}

/// The lines that begin with a sign.
fn signs(report: &Report) -> Vec<String> {
    report.text(true).lines().filter(|line| line.starts_with(['+', '~', '-'])).map(str::to_owned).collect()
}
