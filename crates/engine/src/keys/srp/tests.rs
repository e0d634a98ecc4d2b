//! SRP against a worked example, against a client written here in plain modular arithmetic, and against cheats.

mod client;

use std::sync::LazyLock;

use crypto_bigint::{NonZero, U3072};
use serde_json::Value;

use super::super::entropy::tests::Script;
use super::super::entropy::{OsEntropy, SeededEntropy};
use super::super::hex;
use super::*;

/// Every quantity of one exchange, computed by another program.
static VECTOR: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("vector.json")).unwrap());

const TIME: &str = "Wed Apr 5 22:42:34 UTC 2017";

fn field(name: &str) -> &'static str {
    VECTOR[name].as_str().unwrap()
}

/// Gives the same 32 bytes for ever: the vector's b.
struct Fixed(u8);

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0);
    }
}

fn verifier(password: &str) -> Verifier {
    Verifier::with_salt(field("pool"), field("user"), password, &parse_hex(field("salt")).unwrap())
}

fn claim<'a>(signature: &'a str, block: &'a [u8]) -> Claim<'a> {
    Claim { pool_name: field("pool"), user_id: field("user"), secret_block: block, timestamp: TIME, signature }
}

#[test]
fn every_quantity_of_the_worked_example() {
    assert_eq!(hex(&big_endian(group::prime())), field("N").to_lowercase());
    assert_eq!(unpadded_hex(&big_endian(&group::element(&U3072::from_u8(2)).retrieve())), field("g"));
    assert_eq!(unpadded_hex(&big_endian(&multiplier().retrieve())), field("k"));
    let salt = parse_hex(field("salt")).unwrap();
    let identity = sha256(&[field("pool").as_bytes(), field("user").as_bytes(), b":", field("password").as_bytes()]);
    let x = sha256(&[&pad(&salt), &identity]);
    assert_eq!(hex(&x), field("x"));
    let verifier = verifier(field("password"));
    assert_eq!(unpadded_hex(&big_endian(&verifier.v)), field("v"));
    assert_eq!(client::public(&parse_hex(field("a")).unwrap()).trim_start_matches('0'), field("A"));

    let session = start(&verifier, field("A"), &Fixed(0x22)).unwrap();
    assert_eq!(session.salt_hex, field("salt"));
    assert_eq!(session.b_hex, field("B"));
    let u = scrambler(&parse_hex(field("A")).unwrap(), &parse_hex(field("B")).unwrap()).unwrap();
    assert_eq!(hex(&u), field("u"));
    let key = SessionKey::derive(&parse_hex(field("S")).unwrap(), &u);
    assert_eq!(hex(key.to_bytes().expose()), field("key"));
    assert_eq!(hex(session.key.to_bytes().expose()), field("key"));

    let block = STANDARD.decode(field("secret_block_b64")).unwrap();
    assert_eq!(field("timestamp"), TIME);
    assert_eq!(STANDARD.encode(session.key.sign(&claim("", &block)).as_ref()), field("sig"));
    assert!(session.key.check(&claim(field("sig"), &block)));
}

#[test]
fn a_client_with_the_password_agrees_and_one_without_does_not() {
    let entropy = SeededEntropy::new(11);
    let verifier = Verifier::new(field("pool"), field("user"), "Passw0rd!", &entropy);
    let a = [0x77; 32];
    let a_hex = client::public(&a);
    let session = start(&verifier, &a_hex, &entropy).unwrap();
    let right = client::key(&a, &a_hex, &session.b_hex, &session.salt_hex, "Passw0rd!");
    assert!(session.key.check(&claim(&client::sign(&right, b"block"), b"block")));
    let wrong = client::key(&a, &a_hex, &session.b_hex, &session.salt_hex, "passw0rd!");
    assert!(!session.key.check(&claim(&client::sign(&wrong, b"block"), b"block")));
}

#[test]
fn numbers_that_begin_with_zeros_keep_their_meaning() {
    let verifier = verifier("Passw0rd!");
    let a = [0x11; 32];
    // Seeds for which B or S is shorter than the group, with the keys another program computed.
    for (seed, key, b_digits) in [
        (65, "fa68b8d7108977fc8532715399ccbbb9", 766),
        (26, "8f0ed1255f6ccd1e236dce35b15d357e", 768),
        (3, "1cb7e2140bf8455e6aebfcb3eb4e7815", 767),
    ] {
        let session = start(&verifier, field("A"), &SeededEntropy::new(seed)).unwrap();
        assert_eq!(session.b_hex.len(), b_digits, "seed {seed}");
        assert_eq!(hex(session.key.to_bytes().expose()), key, "seed {seed}");
        assert_eq!(hex(&client::key(&a, field("A"), &session.b_hex, &session.salt_hex, "Passw0rd!")), key, "seed {seed}");
    }
    // Short A, in every spelling clients use.
    for (more, key, digits) in [(91, "8a21121f8c4b13320f8fa1d82378be5a", 766), (26, "955201670856d23d8e7495329c06bb65", 767)] {
        let mut a = [0x11; 32];
        a[31] += more;
        let a_hex = client::public(&a).trim_start_matches('0').to_owned();
        assert_eq!(a_hex.len(), digits);
        for spelling in
            [a_hex.clone(), format!("{a_hex:0>768}"), format!("00{a_hex:0>768}"), a_hex.to_uppercase(), format!("0{a_hex}")]
        {
            let session = start(&verifier, &spelling, &Fixed(0x22)).unwrap();
            assert_eq!(hex(session.key.to_bytes().expose()), key, "{}", spelling.len());
        }
    }
}

#[test]
fn salts_and_passwords_of_every_kind() {
    for (salt, shown, password, key) in [
        (
            "f00f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
            "f00f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
            "pässwörd\u{1f511}",
            "30e76c8b586ea5227e34dfbd2623508f",
        ),
        ("0f111111111111111111111111111111", "f111111111111111111111111111111", "Passw0rd!", "a7a498fd95c4749fb403826c2389e53d"),
        ("7f222222222222222222222222222222", "7f222222222222222222222222222222", "Passw0rd!", "5e715d57a73d31d5633838568d22b3b3"),
    ] {
        let verifier = Verifier::with_salt(field("pool"), field("user"), password, &parse_hex(salt).unwrap());
        let session = start(&verifier, field("A"), &Fixed(0x22)).unwrap();
        assert_eq!(session.salt_hex, shown);
        assert_eq!(hex(session.key.to_bytes().expose()), key);
        assert_eq!(hex(&client::key(&[0x11; 32], field("A"), &session.b_hex, shown, password)), key);
    }
    // A salt is as it is drawn. Clients that read it as text and those that read it as a number get the same bytes from it.
    for (drawn, shown) in [([0, 0x7f].as_slice(), "7f"), (&[0, 0x80], "80"), (&[0, 0x0a], "a"), (&[0, 0], "")] {
        let script = Script::new(&[drawn, &[0x11; 14]].concat());
        let verifier = Verifier::new(field("pool"), field("user"), "Passw0rd!", &script);
        let shown = format!("{shown}{}", "11".repeat(14));
        assert_eq!(verifier.salt_hex(), shown);
        let session = start(&verifier, field("A"), &Fixed(0x22)).unwrap();
        let key = client::key(&[0x11; 32], field("A"), &session.b_hex, &shown, "Passw0rd!");
        assert_eq!(session.key.to_bytes().expose(), key);
    }
}

#[test]
fn sec_043_cheating_public_values_are_refused() {
    let verifier = verifier("Passw0rd!");
    let prime = field("N");
    let with = |change: fn(U3072) -> U3072| hex(&big_endian(&change(U3072::from_be_hex(prime))));
    let above = with(|n| n.wrapping_add(&U3072::ONE));
    let double = format!("1{}", with(|n| n.wrapping_add(&n)));
    let (full, long) = ("f".repeat(768), "0".repeat(2_000));
    let table = [
        "",
        "0",
        "00",
        &"0".repeat(770),
        prime,
        &format!("00{prime}"),
        &prime.to_lowercase(),
        &above,
        &double,
        &full,
        &format!("1{full}"),
        &long,
        &format!("{long}5"),
        "-1",
        "-0",
        "+5",
        "0x5",
        " 5",
        "5 ",
        "5\n",
        "g5",
        "é5",
        "５",
        "5\0",
    ];
    for a in table {
        assert_eq!(start(&verifier, a, &Fixed(0x22)).unwrap_err(), SrpRefused::PublicValue, "{a}");
    }
    for a in ["1", "2", &with(|n| n.wrapping_sub(&U3072::ONE))] {
        assert!(start(&verifier, a, &Fixed(0x22)).is_ok());
    }
}

#[test]
fn sec_043_b_is_fresh() {
    let verifier = verifier("Passw0rd!");
    let one = start(&verifier, field("A"), &OsEntropy).unwrap();
    let two = start(&verifier, field("A"), &OsEntropy).unwrap();
    assert_ne!(one.b_hex, two.b_hex);
    assert!(!one.key.to_bytes().matches(two.key.to_bytes().expose()));
}

#[test]
fn sec_044_every_bit_of_the_claim_counts() {
    let session = start(&verifier(field("password")), field("A"), &Fixed(0x22)).unwrap();
    let block = STANDARD.decode(field("secret_block_b64")).unwrap();
    let good = claim(field("sig"), &block);
    assert!(session.key.check(&good));
    let signature = STANDARD.decode(field("sig")).unwrap();
    for bit in 0..256 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!session.key.check(&Claim { signature: &STANDARD.encode(flipped), ..good }), "bit {bit}");
    }
    for text in ["", "=", "AAAA", "not base64!", &STANDARD.encode(&signature[..16]), &hex(&signature)] {
        assert!(!session.key.check(&Claim { signature: text, ..good }), "{text}");
    }
    let mut other_block = block.clone();
    other_block[0] ^= 1;
    for changed in [
        Claim { pool_name: "other", ..good },
        Claim { user_id: "testuses", ..good },
        Claim { secret_block: &other_block, ..good },
        Claim { secret_block: b"", ..good },
        Claim { timestamp: "Wed Apr 5 22:42:35 UTC 2017", ..good },
    ] {
        assert!(!session.key.check(&changed), "{changed:?}");
    }
}

#[test]
fn a_verifier_and_a_key_survive_storage() {
    let verifier = verifier("Passw0rd!");
    let bytes = verifier.to_bytes();
    assert_eq!(bytes.expose().len(), 1 + 16 + 384);
    let back = Verifier::from_bytes(bytes.expose()).unwrap();
    assert_eq!(back.salt_hex(), verifier.salt_hex());
    let key = start(&back, field("A"), &Fixed(0x22)).unwrap().key;
    assert_eq!(hex(key.to_bytes().expose()), field("key"));
    let kept = SessionKey::from_bytes(key.to_bytes().expose()).unwrap();
    assert!(kept.check(&claim(field("sig"), &STANDARD.decode(field("secret_block_b64")).unwrap())));
    for damaged in [&[][..], &[16], &bytes.expose()[1..], &bytes.expose()[..400], &[0; 401]] {
        assert_eq!(Verifier::from_bytes(damaged).unwrap_err(), SrpRefused::Verifier);
    }
    assert!(SessionKey::from_bytes(&[0; 15]).is_none());
}

#[test]
fn device_verifiers_are_checked() {
    let salt = STANDARD.encode(pad(&parse_hex(field("salt")).unwrap()));
    let v = STANDARD.encode(pad(&parse_hex(field("v")).unwrap()));
    let device = Verifier::from_device(&salt, &v).unwrap();
    assert_eq!(start(&device, field("A"), &Fixed(0x22)).unwrap().b_hex, field("B"));
    let b64 = |hex: &str| STANDARD.encode(parse_hex(hex).unwrap());
    let wide = b64(&"f".repeat(770));
    for (salt, v) in [
        ("", v.as_str()),
        ("AAAA", &v),
        ("!", &v),
        (&salt, ""),
        (&salt, &b64("00")),
        (&salt, &b64("01")),
        (&salt, &b64(field("N"))),
        (&salt, &wide),
        (&b64(&"1".repeat(130)), &v),
    ] {
        assert_eq!(Verifier::from_device(salt, v).unwrap_err(), SrpRefused::Verifier, "{salt} {v}");
    }
}

#[test]
fn sec_073_an_unknown_name_has_a_stable_salt_like_real_ones() {
    let key = Secret32::new([9; 32]);
    let salt = |pool: &str, name: &str| Verifier::fake(&key, pool, name).salt_hex();
    assert_eq!(salt("p", "ann"), salt("p", "ann"));
    assert_ne!(salt("p", "ann"), salt("p", "bob"));
    assert_ne!(salt("p", "ann"), salt("q", "ann"));
    assert_ne!(salt("pa", "nn"), salt("p", "ann"));
    assert_ne!(salt("p", "ann"), Verifier::fake(&Secret32::new([8; 32]), "p", "ann").salt_hex());
    assert_eq!(fake_user_id(&key, "p", "ann"), fake_user_id(&key, "p", "ann"));
    assert_ne!(fake_user_id(&key, "p", "ann"), fake_user_id(&key, "p", "bob"));
    assert_eq!(fake_user_id(&key, "p", "ann").as_bytes()[14], b'4');
    // As many set bits as chance has it, and as many short salts as real users have: one in 256.
    let salts: Vec<Vec<u8>> = (0..2000).map(|number| Verifier::fake(&key, "p", &number.to_string()).salt.clone()).collect();
    let ones: u32 = salts.iter().flatten().map(|byte| byte.count_ones()).sum();
    assert!((126_700..129_300).contains(&ones), "{ones} of 256000");
    let short = salts.iter().filter(|salt| salt.len() < 16).count();
    assert!((1..25).contains(&short), "{short} of 2000 begin with zero");
    assert_eq!(Verifier::fake(&key, "p", "ann").to_bytes().expose().len(), 401);
}

#[test]
fn sec_073_an_unknown_name_gets_an_ordinary_reply_and_no_password_fits() {
    let key = Secret32::new([9; 32]);
    let fake = Verifier::fake(&key, "p", field("user"));
    let session = start(&fake, field("A"), &OsEntropy).unwrap();
    assert!(session.b_hex.len() > 750);
    let guess = client::key(&[0x11; 32], field("A"), &session.b_hex, &session.salt_hex, "");
    assert!(!session.key.check(&claim(&client::sign(&guess, b"block"), b"block")));
}

#[test]
fn sec_072_an_unknown_name_costs_the_same_work() {
    let key = Secret32::new([9; 32]);
    let stored = verifier("Passw0rd!").to_bytes();
    let cost = |make: &dyn Fn() -> Verifier| {
        let before = group::POWERS.get();
        start(&make(), field("A"), &OsEntropy).unwrap();
        group::POWERS.get() - before
    };
    // Powers are all the work there is: each is some hundred times everything else together.
    assert_eq!(cost(&|| Verifier::from_bytes(stored.expose()).unwrap()), 3);
    assert_eq!(cost(&|| Verifier::fake(&key, "p", "ann")), 3);
}

#[test]
fn powers_of_the_generator_are_those_of_any_base() {
    let generator = element(&U3072::from_u8(2));
    let (mut one, mut top) = ([0; 32], [0; 32]);
    (one[31], top[0]) = (1, 0x80);
    let drawn = (0..20).map(|seed| entropy::bytes(&SeededEntropy::new(seed)));
    for exponent in [[0; 32], one, top, [0xff; 32], [0x01; 32], [0x80; 32]].into_iter().chain(drawn) {
        assert_eq!(group::generator_power(&exponent), power(&generator, &exponent), "{exponent:?}");
    }
}

#[test]
fn sec_186_debug_shows_no_secret() {
    let session = start(&verifier("Passw0rd!"), field("A"), &Fixed(0x22)).unwrap();
    assert_eq!(format!("{:?} {:?}", verifier("x"), session.key), "Verifier(redacted) SessionKey(redacted)");
    assert!(!format!("{session:?}").contains(field("key")));
}

#[test]
fn sec_203_hexadecimal_numbers_are_read_as_another_reader_reads_them() {
    let corpus = ["0", "a", "0F", "ffffffffffffffffffffffffffffffffffffffff", "-1", "0x1f", "00000000000000000001", "c0ffee "];
    poolhouse_store::testkit::fuzz::text(&corpus, |text| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
        let Some(bytes) = group::parse_hex(text) else { return assert!(!digits, "refused: {text}") };
        assert!(digits, "read: {text}");
        let significant = text.trim_start_matches('0');
        assert_eq!(group::unpadded_hex(&bytes).trim_start_matches('0'), significant.to_lowercase());
        let number = group::from_bytes(&bytes);
        assert_eq!(number.is_some(), significant.len() <= 768, "{} digits", significant.len());
        if let Some(number) = number {
            assert_eq!(number, U3072::from_be_hex(&format!("{significant:0>768}")));
        }
    });
}
