//! A fuzzer that needs nothing but the test command: inputs grow out of a small corpus by mutations that know text, a seed
//! repeats them, and whatever panics is printed with its input. A check is a function from bytes to nothing that panics
//! where the code is wrong, so that a coverage-guided fuzzer could call the same ones.
//!
//! Without a budget every run tries the same ten thousand inputs; `POOLHOUSE_FUZZ_SECONDS=60` goes on for that long and
//! `POOLHOUSE_FUZZ_SEED=7` elsewhere.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use super::dice::Dice;

const EXECUTIONS: u64 = 10_000;
/// Inputs that grew and are mutated further.
const KEPT: usize = 256;
/// No input gets longer.
const LENGTH_MAX: usize = 8192;

/// Where parsers end, begin and go wrong.
const WORDS: [&[u8]; 40] = [
    b"\0",
    b"\r\n",
    b"\n",
    b" ",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b"/",
    b"//",
    b"%",
    b"%00",
    b"%2e",
    b"+",
    b"=",
    b"==",
    b"&",
    b";",
    b",",
    b".",
    b"..",
    b":",
    b"@",
    b"?",
    b"#",
    b"[",
    b"]",
    b"{",
    b"}",
    b"(",
    b"<",
    b"-1",
    b"0",
    b"18446744073709551616",
    b"1e999",
    b"\xff",
    "\u{ff21}".as_bytes(),
    "\u{212a}".as_bytes(),
    "\u{a8}\u{345}".as_bytes(),
    "\u{202e}\u{0}".as_bytes(),
];

#[expect(clippy::disallowed_methods, reason = "what a person sets for one run of the tests")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs `check` on mutations of `corpus`; returns how many inputs it saw.
pub fn bytes(corpus: &[&[u8]], check: impl Fn(&[u8])) -> u64 {
    run(corpus, EXECUTIONS, check)
}

/// As [`text`], for a check that takes milliseconds.
pub fn slow_text(corpus: &[&str], check: impl Fn(&str)) -> u64 {
    let corpus: Vec<&[u8]> = corpus.iter().map(|input| input.as_bytes()).collect();
    run(&corpus, EXECUTIONS / 20, |input| check(&String::from_utf8_lossy(input)))
}

#[expect(clippy::print_stdout, reason = "the failing input, for whoever reads the test's output")]
fn run(corpus: &[&[u8]], most: u64, check: impl Fn(&[u8])) -> u64 {
    let seed = number("POOLHOUSE_FUZZ_SEED").unwrap_or(1);
    let until = number("POOLHOUSE_FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut dice = Dice::new(seed);
    let mut inputs: Vec<Vec<u8>> = corpus.iter().map(|input| input.to_vec()).collect();
    let mut executions: u64 = 0;
    loop {
        let input = match inputs.get(usize::try_from(executions).unwrap_or(usize::MAX)) {
            // The corpus itself comes first.
            Some(input) if executions < corpus.len().try_into().unwrap_or(0) => input.clone(),
            _ => mutated(&mut dice, &inputs),
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&input))) {
            println!("seed {seed}, input {executions}: b\"{}\"", input.escape_ascii());
            resume_unwind(panic);
        }
        executions += 1;
        match until {
            Some(until) if executions.is_multiple_of(64) && Instant::now() >= until => break,
            None if executions >= most => break,
            _ => {}
        }
        if dice.chance(5) {
            if inputs.len() < KEPT {
                inputs.push(input);
            } else {
                let at = corpus.len() + dice.below(KEPT - corpus.len().min(KEPT - 1));
                if let Some(old) = inputs.get_mut(at) {
                    *old = input;
                }
            }
        }
    }
    println!("{executions} executions");
    executions
}

/// As [`bytes`], for code that reads text.
pub fn text(corpus: &[&str], check: impl Fn(&str)) -> u64 {
    let corpus: Vec<&[u8]> = corpus.iter().map(|input| input.as_bytes()).collect();
    bytes(&corpus, |input| check(&String::from_utf8_lossy(input)))
}

fn mutated(dice: &mut Dice, inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut input = inputs.get(dice.below(inputs.len())).cloned().unwrap_or_default();
    for _ in 0..=dice.below(4) {
        mutate(dice, &mut input, inputs);
    }
    input.truncate(LENGTH_MAX);
    input
}

fn mutate(dice: &mut Dice, input: &mut Vec<u8>, inputs: &[Vec<u8>]) {
    let at = dice.below(input.len() + 1);
    let end = at + dice.below(input.len() + 1 - at);
    let piece = input.get(at..end).unwrap_or_default().to_vec();
    match dice.below(9) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => input.insert(at, u8::try_from(dice.below(256)).unwrap_or(0)),
        2 | 3 => {
            let word = WORDS.get(dice.below(WORDS.len())).copied().unwrap_or_default();
            drop(input.splice(at..at, word.iter().copied()));
        }
        4 => drop(input.drain(at..end)),
        5 => input.truncate(at),
        // The same again, once or so often that depth and length are felt.
        6 => drop(input.splice(end..end, piece)),
        7 => {
            let times = 1 << dice.below(8);
            let many = piece.repeat(times).into_iter().take(LENGTH_MAX);
            drop(input.splice(at..end, many));
        }
        // The head of one and the tail of another.
        _ => {
            let other = inputs.get(dice.below(inputs.len())).map(Vec::as_slice).unwrap_or_default();
            let from = dice.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(other.get(from..).unwrap_or_default());
        }
    }
}
