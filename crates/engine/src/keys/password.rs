//! Stored passwords: Argon2id over an HMAC with a pepper.
//!
//! Called by sign-up, sign-in and every change of password, on [`crate::work::WorkPools::passwords`]. The record tells its own parameters,
//! so that they can be raised and the pepper rotated: whoever signs in with an older record gets a new one.
//!
//! Record: `$poolhouse$v=1$pepper=<master key id>$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>`, both in base64 without padding.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::CryptoFailure;
use super::entropy::{self, Entropy};
use super::master::{MasterKeys, Purpose};
use super::scratch::Scratch;
use super::secret::{Secret32, equal, mac32};

const PREFIX: &str = "$poolhouse$v=1$pepper=";
const SALT_BYTES: usize = 16;

/// What a hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl HashCost {
    /// 19 MiB, two passes, one lane (OWASP password storage, Argon2id): 14 ms on a calm machine. The only cost a server may run with.
    pub const STANDARD: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };
    /// The least Argon2 allows, for tests about other things.
    pub const FOR_TESTS: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    /// Beyond these a record is not ours, and hashing it would be an attack on the server's memory.
    fn is_sane(self) -> bool {
        self.memory_kib <= 1 << 20 && self.passes <= 64 && self.lanes <= 64
    }
}

impl Default for HashCost {
    fn default() -> Self {
        Self::STANDARD
    }
}

/// Makes and checks password records.
#[derive(Debug)]
pub struct PasswordHasher {
    cost: HashCost,
    /// By master key id, the active one first.
    peppers: Vec<(String, Secret32)>,
}

struct Record<'a> {
    pepper_id: &'a str,
    cost: HashCost,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl PasswordHasher {
    /// # Errors
    /// Only if the library fails.
    pub fn new(master: &MasterKeys, cost: HashCost) -> Result<Self, CryptoFailure> {
        Ok(Self { cost, peppers: master.sub_keys(Purpose::Pepper)? })
    }

    /// The record of a new password. The bytes are hashed as given, in UTF-8, without normalization, as SRP clients hash them.
    ///
    /// # Errors
    /// For an empty password, or if there is not enough memory.
    pub fn hash(&self, password: &str, entropy: &dyn Entropy) -> Result<String, CryptoFailure> {
        // An empty password must not come to exist by a forgotten check upstream.
        if password.is_empty() {
            return Err(CryptoFailure("empty password"));
        }
        let (pepper_id, pepper) = self.peppers.first().ok_or(CryptoFailure("pepper"))?;
        let salt: [u8; SALT_BYTES] = entropy::bytes(entropy);
        let hash = stretch(password, pepper, &salt, self.cost)?;
        let HashCost { memory_kib, passes, lanes } = self.cost;
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash.as_ref()));
        Ok(format!("{PREFIX}{pepper_id}$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}"))
    }

    /// Whether `password` is the one of `record`. Without a record (unknown user, or one who has no password) the same work is done and the
    /// answer is false, so that the time of the reply does not tell who exists. An empty password never matches.
    ///
    /// # Errors
    /// If the record is not one of ours or its pepper is no longer in the ring.
    pub fn verify(&self, password: &str, record: Option<&str>) -> Result<bool, CryptoFailure> {
        let Some(record) = record else {
            let (_, pepper) = self.peppers.first().ok_or(CryptoFailure("pepper"))?;
            let made = stretch(password, pepper, &[0; SALT_BYTES], self.cost)?;
            // Compared as a real one is; the result is thrown away.
            std::hint::black_box(equal(made.as_ref(), &[0; 32]));
            return Ok(false);
        };
        let record = parse(record).ok_or(CryptoFailure("password record"))?;
        let made = stretch(password, self.pepper(&record)?, &record.salt, record.cost)?;
        Ok(equal(made.as_ref(), &record.hash) && !password.is_empty())
    }

    /// Whether `record` can be verified at all: one of ours, and its pepper is in the ring.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub fn check(&self, record: &str) -> Result<(), CryptoFailure> {
        let record = parse(record).ok_or(CryptoFailure("password record"))?;
        self.pepper(&record).map(|_| ())
    }

    fn pepper(&self, record: &Record<'_>) -> Result<&Secret32, CryptoFailure> {
        let pepper = self.peppers.iter().find(|(id, _)| id == record.pepper_id);
        pepper.map(|(_, pepper)| pepper).ok_or(CryptoFailure("password record's pepper is not in the ring"))
    }

    /// Whether a record should be made anew at the next successful sign-in: another cost or an older pepper.
    #[must_use]
    pub fn needs_rehash(&self, record: &str) -> bool {
        let active = self.peppers.first().map(|(id, _)| id.as_str());
        parse(record).is_none_or(|record| record.cost != self.cost || Some(record.pepper_id) != active)
    }
}

/// The id of the master key whose pepper a record was made with; `None` if it is not one of ours.
#[must_use]
pub fn pepper_id(record: &str) -> Option<&str> {
    parse(record).map(|record| record.pepper_id)
}

/// Argon2id (RFC 9106, version 0x13) of the peppered password: 32 bytes. The pepper makes the table of records alone worthless to a thief.
fn stretch(password: &str, pepper: &Secret32, salt: &[u8], cost: HashCost) -> Result<Zeroizing<[u8; 32]>, CryptoFailure> {
    let peppered = Zeroizing::new(mac32(pepper, &[password.as_bytes()]));
    let params =
        Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| CryptoFailure("Argon2 parameters"))?;
    let mut out = Zeroizing::new([0; 32]);
    let mut scratch = Scratch::take(params.block_count());
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(peppered.as_ref(), salt, out.as_mut(), scratch.blocks())
        .map_err(|_| CryptoFailure("Argon2"))?;
    Ok(out)
}

fn parse(record: &str) -> Option<Record<'_>> {
    let mut parts = record.strip_prefix(PREFIX)?.split('$');
    let (pepper_id, algorithm, version) = (parts.next()?, parts.next()?, parts.next()?);
    let mut costs = parts.next()?.split(',');
    let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse().ok();
    let cost = HashCost { memory_kib: cost("m=")?, passes: cost("t=")?, lanes: cost("p=")? };
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let whole = parts.next().is_none() && costs.next().is_none() && algorithm == "argon2id" && version == "v=19";
    // A record with a shortened hash would let many passwords in; an empty one, all.
    (whole && cost.is_sane() && salt.len() == SALT_BYTES && hash.len() == 32).then_some(Record { pepper_id, cost, salt, hash })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::entropy::SeededEntropy;
    use super::*;

    fn master() -> MasterKeys {
        MasterKeys::generate("k1", &SeededEntropy::new(1)).unwrap()
    }

    fn hasher() -> PasswordHasher {
        PasswordHasher::new(&master(), HashCost::FOR_TESTS).unwrap()
    }

    #[test]
    fn sec_176_the_record_shows_argon2id_and_its_cost() {
        let hasher = PasswordHasher::new(&master(), HashCost::default()).unwrap();
        let record = hasher.hash("Passw0rd!", &SeededEntropy::new(2)).unwrap();
        assert!(record.starts_with("$poolhouse$v=1$pepper=k1$argon2id$v=19$m=19456,t=2,p=1$"), "{record}");
        assert!(!record.contains("Passw0rd"));
        assert!(hasher.verify("Passw0rd!", Some(&record)).unwrap());
        assert!(!hasher.verify("Passw0rd", Some(&record)).unwrap());
        assert!(!hasher.needs_rehash(&record));
    }

    #[test]
    fn salts_are_fresh_and_texts_are_taken_as_they_are() {
        let (hasher, entropy) = (hasher(), SeededEntropy::new(3));
        let record = hasher.hash("pässwörd\u{1f511}", &entropy).unwrap();
        assert_ne!(record, hasher.hash("pässwörd\u{1f511}", &entropy).unwrap());
        assert!(hasher.verify("pässwörd\u{1f511}", Some(&record)).unwrap());
        // The decomposed spelling is another password, as it is to SRP clients.
        assert!(!hasher.verify("pa\u{308}sswo\u{308}rd\u{1f511}", Some(&record)).unwrap());
        assert!(!hasher.verify("pässwörd\u{1f511} ", Some(&record)).unwrap());
        let long = "x".repeat(256);
        let record = hasher.hash(&long, &entropy).unwrap();
        assert!(!hasher.verify(&long[1..], Some(&record)).unwrap());
        assert!(!hasher.verify(&(long.clone() + "\0"), Some(&record)).unwrap());
    }

    #[test]
    fn sec_087_empty_and_absent_passwords_never_verify() {
        let hasher = hasher();
        assert!(hasher.hash("", &SeededEntropy::new(1)).is_err());
        for attempt in ["", " ", "x"] {
            assert!(!hasher.verify(attempt, None).unwrap());
        }
        // Even a record of the empty password, however it came to be, does not let anyone in.
        let salt = [1; SALT_BYTES];
        let hash = stretch("", &hasher.peppers[0].1, &salt, HashCost::FOR_TESTS).unwrap();
        let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash.as_ref()));
        let record = format!("{PREFIX}k1$argon2id$v=19$m=8,t=1,p=1${salt}${hash}");
        assert!(!hasher.verify("", Some(&record)).unwrap());
    }

    #[test]
    fn sec_176_old_cost_and_old_pepper_still_verify_and_ask_for_a_new_record() {
        let entropy = SeededEntropy::new(4);
        let old = hasher().hash("secret", &entropy).unwrap();
        let raised = PasswordHasher::new(&master(), HashCost { passes: 2, ..HashCost::FOR_TESTS }).unwrap();
        assert!(raised.verify("secret", Some(&old)).unwrap() && raised.needs_rehash(&old));
        let rotated = PasswordHasher::new(&master().rotated("k2", &entropy).unwrap(), HashCost::FOR_TESTS).unwrap();
        assert!(rotated.verify("secret", Some(&old)).unwrap() && rotated.needs_rehash(&old));
        assert!(!rotated.needs_rehash(&rotated.hash("secret", &entropy).unwrap()));
        // The pepper counts: a ring with the same id but another key does not verify, one without the id says so.
        let other = PasswordHasher::new(&MasterKeys::generate("k1", &entropy).unwrap(), HashCost::FOR_TESTS).unwrap();
        assert!(!other.verify("secret", Some(&old)).unwrap());
        let lost = PasswordHasher::new(&MasterKeys::generate("k9", &entropy).unwrap(), HashCost::FOR_TESTS).unwrap();
        assert!(lost.verify("secret", Some(&old)).is_err());
    }

    #[test]
    fn damaged_and_extravagant_records_are_errors_not_matches() {
        let hasher = hasher();
        let good = hasher.hash("secret", &SeededEntropy::new(5)).unwrap();
        let (head, hash) = good.rsplit_once('$').unwrap();
        for record in [
            String::new(),
            head.to_owned(),
            format!("{head}$"),
            format!("{head}${}", &hash[..22]),
            format!("{good}$x"),
            good.replace("argon2id", "argon2i"),
            good.replace("v=19", "v=16"),
            good.replace("m=8", "m=4294967295"),
            good.replace("t=1", "t=1000"),
            good.replace("m=8,t=1,p=1", "t=1,m=8,p=1"),
            good.replace("m=8,t=1,p=1", "m=8,t=1,p=1,x=1"),
            good.replace("$poolhouse", ""),
        ] {
            assert!(hasher.verify("secret", Some(&record)).is_err(), "{record}");
            assert!(hasher.needs_rehash(&record));
        }
    }

    #[test]
    fn sec_072_an_unknown_user_costs_the_same_work() {
        let hasher = PasswordHasher::new(&master(), HashCost { memory_kib: 4_096, ..HashCost::STANDARD }).unwrap();
        let record = hasher.hash("secret", &SeededEntropy::new(6)).unwrap();
        let time = |record: Option<&str>| {
            let mut runs: Vec<_> = (0..9)
                .map(|_| {
                    let began = Instant::now();
                    let _ = hasher.verify("guess", record);
                    began.elapsed()
                })
                .collect();
            runs.sort_unstable();
            runs[0].as_secs_f64()
        };
        let ratio = time(Some(&record)) / time(None);
        // Wide, for busy machines; without the dummy work it is in the thousands.
        assert!((0.2..5.0).contains(&ratio), "{ratio}");
    }
}
