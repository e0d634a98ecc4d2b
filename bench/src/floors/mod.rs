//! What an operation cannot do without, measured beside it in the same run: a signature, a password hash, an SRP power, an HTTP reply, a
//! durable transaction. Each is the plainest program for the work: the same libraries, none of our own code around them.

pub mod bare;

use std::path::Path;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U256};

use crate::house::operations::Cycle;
use crate::house::srp;
use crate::load::driver::{Script, as_f64, closed};
use crate::load::http::Call;
use crate::process::own_cpu;

/// A part of a floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// One RS256 signature by aws-lc-rs over a token's length.
    Signature,
    /// One check of such a signature.
    Verification,
    /// Argon2id, 19 MiB, two passes, one lane, in memory that is already there.
    PasswordHash,
    /// A power with a 256-bit exponent in SRP's 3072-bit group, in constant time.
    SrpPower,
    /// A GET answered with 900 bytes of JSON by axum on hyper, and nothing else done.
    Get,
    /// A POST of 1 KB read and answered with 3 KB of JSON likewise.
    Post,
    /// One guarded DELETE and two INSERTs, 32 of them to a commit that is synced to the disk, by SQLite on one thread.
    Transaction,
}

impl Part {
    pub const ALL: [Self; 7] =
        [Self::Signature, Self::Verification, Self::PasswordHash, Self::SrpPower, Self::Get, Self::Post, Self::Transaction];

    pub fn name(self) -> &'static str {
        match self {
            Self::Signature => "RSA-2048 signature",
            Self::Verification => "RSA-2048 verification",
            Self::PasswordHash => "Argon2id",
            Self::SrpPower => "SRP power",
            Self::Get => "bare GET reply",
            Self::Post => "bare POST reply",
            Self::Transaction => "bare transaction",
        }
    }
}

/// Processor time of one of each, milliseconds, in the order of [`Part::ALL`].
pub struct Floors {
    bare: bare::Server,
    key: RsaKeyPair,
}

impl Floors {
    /// Starts the bare server.
    ///
    /// # Errors
    /// It does not start, or a library fails.
    pub async fn prepare(directory: &Path) -> Result<Self, String> {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| "RSA key".to_owned())?;
        Ok(Self { bare: bare::Server::start(directory).await?, key })
    }

    /// Measures one part for about `time`; milliseconds of processor time for one.
    ///
    /// # Errors
    /// A library or the bare server fails.
    pub async fn measure(&mut self, part: Part, time: Duration, directory: &Path) -> Result<f64, String> {
        match part {
            Part::Signature => {
                let (key, message) = (&self.key, [7u8; 900]);
                repeat(time, || {
                    let mut signature = vec![0u8; 256];
                    move || {
                        let done = key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature);
                        done.map_err(|_| "signature".to_owned())
                    }
                })
            }
            Part::Verification => {
                let (message, mut signature) = ([7u8; 900], vec![0u8; 256]);
                let signed = self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature);
                signed.map_err(|_| "signature".to_owned())?;
                let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.key.public_key().as_ref());
                let public = public.parse().map_err(|_| "public key".to_owned())?;
                repeat(time, || || public.verify_sig(&message, &signature).map_err(|_| "verification".to_owned()))
            }
            Part::PasswordHash => {
                let params = argon2_params()?;
                let (blocks, argon2) = (params.block_count(), Argon2::new(Algorithm::Argon2id, Version::V0x13, params));
                repeat(time, || {
                    let (argon2, mut memory, mut out) = (argon2.clone(), vec![Block::default(); blocks], [0; 32]);
                    move || {
                        let done = argon2.hash_password_into_with_memory(&[1; 32], &[2; 16], &mut out, &mut memory);
                        done.map_err(|e| e.to_string())
                    }
                })
            }
            Part::SrpPower => {
                let odd = Odd::new(srp::prime()).into_option().ok_or("prime")?;
                let base = FixedMontyForm::new(&srp::prime().shr_vartime(3), &FixedMontyParams::new_vartime(odd));
                let exponent = U256::MAX.shr_vartime(1);
                repeat(time, || {
                    || {
                        std::hint::black_box(base.pow_bounded_exp(&exponent, U256::BITS));
                        Ok(())
                    }
                })
            }
            Part::Get => self.reply(Call::get("/get"), time).await,
            Part::Post => {
                let call = Call::form("/post", &[("grant_type", "refresh_token"), ("refresh_token", &"x".repeat(1000))]);
                self.reply(call, time).await
            }
            Part::Transaction => transactions(directory, time),
        }
    }

    async fn reply(&self, call: Call, time: Duration) -> Result<f64, String> {
        let calls: std::rc::Rc<[Call]> = [call].into();
        let scripts = |_| (0..8).map(|at| Box::new(Cycle::new(&calls, at)) as Box<dyn Script>).collect();
        closed(&[self.bare.process.address], scripts(()), Duration::from_millis(200)).await;
        let before = self.bare.process.cpu();
        let tally = closed(&[self.bare.process.address], scripts(()), time).await;
        let used = self.bare.process.cpu() - before;
        if tally.failed() > 0 {
            return Err(format!("the bare server failed: {:?}", tally.failures));
        }
        Ok(used.as_secs_f64() * 1000.0 / as_f64(tally.steps()))
    }
}

fn argon2_params() -> Result<Params, String> {
    Params::new(19_456, 2, 1, Some(32)).map_err(|e| e.to_string())
}

/// Milliseconds of processor time of one call, over `time` and at least five calls, on all processors at once: what they share
/// (memory above all) is shared in a server at work too.
fn repeat<W>(time: Duration, make: impl Fn() -> W + Sync) -> Result<f64, String>
where
    W: FnMut() -> Result<(), String>,
{
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // Everybody is ready before the first one begins, and nobody ends before the last call is counted.
    let (ready, done) = (Barrier::new(processors + 1), Barrier::new(processors + 1));
    let run = || {
        let mut work = make();
        let first = work();
        ready.wait();
        let (began, mut count) = (Instant::now(), 0u64);
        let mut result = first;
        while result.is_ok() && (began.elapsed() < time || count < 5) {
            result = work();
            count += 1;
        }
        done.wait();
        result.map(|()| count)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..processors).map(|_| scope.spawn(run)).collect();
        ready.wait();
        let cpu = own_cpu();
        done.wait();
        let used = own_cpu() - cpu;
        let mut calls = 0;
        for thread in threads {
            calls += thread.join().map_err(|_| "a floor panicked".to_owned())??;
        }
        Ok(used.as_secs_f64() * 1000.0 / as_f64(calls))
    })
}

/// Transactions in the shape of a code's exchange, against SQLite itself with full durability.
fn transactions(directory: &Path, time: Duration) -> Result<f64, String> {
    const GROUP: u64 = 32;
    let file = directory.join("bare.db");
    let _ = std::fs::remove_file(&file);
    let run = || -> rusqlite::Result<f64> {
        let connection = rusqlite::Connection::open(&file)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            CREATE TABLE codes (hash BLOB PRIMARY KEY, document TEXT);
            CREATE TABLE families (id TEXT PRIMARY KEY, sub TEXT, document TEXT, expires_at INTEGER);
            CREATE TABLE tokens (hash BLOB PRIMARY KEY, family TEXT, expires_at INTEGER);",
        )?;
        let (mut count, mut seed) = (0u64, 1u64);
        let (began, mut cpu) = (Instant::now(), Duration::ZERO);
        while began.elapsed() < time {
            let hashes: Vec<[u8; 32]> = (0..GROUP).map(|_| scramble(&mut seed)).collect();
            connection.execute_batch("BEGIN")?;
            for hash in &hashes {
                connection.prepare_cached("INSERT INTO codes VALUES (?1, ?2)")?.execute((hash, "x".repeat(200)))?;
            }
            connection.execute_batch("COMMIT")?;
            let before = own_cpu();
            connection.execute_batch("BEGIN IMMEDIATE")?;
            for hash in &hashes {
                let code = "DELETE FROM codes WHERE hash = ?1 RETURNING document";
                let document: String = connection.prepare_cached(code)?.query_row([hash], |row| row.get(0))?;
                let id = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
                let family = "INSERT INTO families VALUES (?1, ?2, ?3, ?4)";
                connection.prepare_cached(family)?.execute((&id, &id, document, 1_800_000_000_000_i64))?;
                let token = "INSERT INTO tokens VALUES (?1, ?2, ?3)";
                connection.prepare_cached(token)?.execute((hash, &id, 1_800_000_000_000_i64))?;
            }
            connection.execute_batch("COMMIT")?;
            cpu += own_cpu() - before;
            count += GROUP;
        }
        Ok(cpu.as_secs_f64() * 1000.0 / as_f64(count))
    };
    run().map_err(|e| e.to_string())
}

/// Bytes that fall all over an index, the same in every run (SplitMix64).
fn scramble(seed: &mut u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    for chunk in bytes.chunks_exact_mut(8) {
        *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = *seed;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        chunk.copy_from_slice(&(value ^ (value >> 31)).to_le_bytes());
    }
    bytes
}
