//! Inputs from outside that are read by public functions, on mutations of what they expect. Readers that are private are
//! fuzzed beside their own tests.

use std::net::IpAddr;
use std::path::Path;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use poolhouse::certs::{FileCerts, LocalCa};
use poolhouse::client_ip::{Cidr, client_ip, is_https};
use poolhouse::config::ServeConfig;
use poolhouse::sigv4::{RequestParts, scope_of, verify};
use poolhouse::{cookies, host};
use poolhouse_store::testkit::{Scratch, fuzz};
use poolhouse_wire::{OPERATIONS, decode, json};

use crate::harness::{REGION, START};
use crate::sign;

/// Headers of this name with the lines of the input; `None` where no header could carry one.
fn headers(name: &'static str, input: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n').take(20) {
        headers.append(name, HeaderValue::from_bytes(line).ok()?);
    }
    Some(headers)
}

#[test]
fn sec_203_a_body_that_decodes_decodes_to_itself() {
    let corpus: [&[u8]; 6] = [
        br#"{"UserPoolId":"eu-central-1_Abc123XYZ","Username":"ann","UserAttributes":[{"Name":"email","Value":"a@b.co"}]}"#,
        br#"{"AuthFlow":"USER_PASSWORD_AUTH","ClientId":"abc","AuthParameters":{"USERNAME":"a","PASSWORD":null}}"#,
        br#"{"PoolName":"x","Policies":{"PasswordPolicy":{"MinimumLength":8}},"MfaConfiguration":"OFF"}"#,
        br#"{"Limit":60,"Filter":"email ^= \"a\"","AttributesToGet":["email",null]}"#,
        br#"{"CSS":"\ud83d","ImageFile":"AAAA","Settings":{"a":[[[[{"b":1e308}]]]]}}"#,
        b"{}",
    ];
    fuzz::bytes(&corpus, |body| {
        let sum = body.iter().fold(body.len(), |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        for operation in [&OPERATIONS[sum % OPERATIONS.len()], poolhouse_wire::operation("AdminCreateUser").unwrap()] {
            if let Ok(value) = decode(operation, body) {
                assert_eq!(decode(operation, value.to_string().as_bytes()).as_ref(), Ok(&value), "{}", operation.name);
            }
        }
    });
}

#[test]
fn sec_203_a_target_names_one_operation_exactly() {
    let corpus = [
        "AWSCognitoIdentityProviderService.GetUser",
        "AWSCognitoIdentityProviderService.InitiateAuth",
        "application/x-amz-json-1.1; a",
    ];
    fuzz::text(&corpus, |header| {
        if let Some(operation) = json::target(header) {
            assert_eq!(header, format!("{}{}", json::TARGET_PREFIX, operation.name));
        }
        let _ = json::is_content_type(header);
    });
}

#[test]
fn sec_203_a_cookie_is_plain_and_comes_once() {
    let corpus: [&[u8]; 4] = [b"cognito=abc.def", b"a=b; cognito=x; XSRF-TOKEN=y", b"cognito=a\ncognito=b", b"cognito=\"q\";;="];
    fuzz::bytes(&corpus, |input| {
        let Some(mut all) = headers("cookie", input) else { return };
        let found = cookies::get(&all, cookies::SESSION).map(str::to_owned);
        if let Some(value) = &found {
            assert!(!value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b)), "{value}");
            assert_eq!(cookies::set(cookies::SESSION, value, true).to_str().unwrap().matches(';').count(), 4);
        }
        all.append("cookie", HeaderValue::from_static("cognito=planted"));
        let planted = cookies::get(&all, cookies::SESSION);
        assert!(found.is_none() || planted.is_none(), "a second cookie chose which is read");
    });
}

#[test]
fn sec_203_one_host_has_one_class() {
    let corpus = [
        "localhost:9229",
        "cognito-idp.eu-central-1.amazonaws.com",
        "first.auth.eu-central-1.amazoncognito.com:443",
        "[::1]:80",
        "LOGIN.example.com.",
        "127.0.0.1",
    ];
    fuzz::text(&corpus, |authority| {
        let class = host::classify(authority, Some("login.example.com"));
        assert_eq!(class, host::classify(&authority.to_ascii_uppercase(), Some("login.example.com")), "case");
        if class.is_some() {
            let name = host::host_of(authority).unwrap();
            assert!(!name.contains(|c: char| c.is_whitespace() || c.is_control() || "/@?#,\\".contains(c)), "{name:?}");
            assert_eq!(host::classify(name, Some("login.example.com")), class, "the port decided");
        }
        // What the request line and the header say must agree.
        if let (Ok(uri), Some(all)) = (authority.parse::<Uri>(), headers("host", authority.as_bytes())) {
            let _ = host::authority(&uri, &all);
        }
    });
}

/// As the documentation says it, the long way round.
fn first_untrusted(peer: IpAddr, lines: &HeaderMap, trusted: &[Cidr]) -> IpAddr {
    let all: Vec<String> = lines.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("?").to_owned()).collect();
    let mut found = peer;
    for entry in all.join(",").split(',').map(str::trim).rev() {
        if !trusted.iter().any(|range| range.contains(found)) {
            break;
        }
        let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|inner| inner.contains(':'));
        let socket = entry.parse::<std::net::SocketAddr>().map(|socket| socket.ip());
        let Ok(address) = entry.parse::<IpAddr>().or(socket).or(bare.unwrap_or("?").parse()) else { break };
        found = address.to_canonical();
    }
    found
}

#[test]
fn sec_203_a_forwarded_address_is_the_last_that_no_proxy_wrote() {
    let corpus: [&[u8]; 5] = [
        b"203.0.113.9, 10.0.0.2",
        b"2001:db8::1,[2001:db8::2]:4711\n10.1.2.3:80",
        b"::ffff:10.0.0.1, unknown, _hidden",
        b",,10.0.0.1",
        b"[fd00::1]",
    ];
    let trusted: Vec<Cidr> = ["10.0.0.0/8", "fd00::/8"].iter().map(|range| range.parse().unwrap()).collect();
    let (proxy, stranger): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "198.51.100.1".parse().unwrap());
    fuzz::bytes(&corpus, |input| {
        if let Ok(range) = String::from_utf8_lossy(input).parse::<Cidr>() {
            let _ = (range.contains(proxy), range.is_everyone());
        }
        let Some(all) = headers("x-forwarded-for", input) else { return };
        assert_eq!(client_ip(stranger, &all, &trusted), stranger, "anybody's header was believed");
        assert_eq!(client_ip(proxy, &all, &trusted), first_untrusted(proxy, &all, &trusted));
        assert!(!is_https(false, stranger, &headers("x-forwarded-proto", input).unwrap(), &trusted));
    });
}

#[test]
fn sec_203_a_configuration_is_read_or_refused_without_its_secrets() {
    let corpus = [
        "public_url = \"https://login.test\"\n[listen]\nhttp = \"127.0.0.1:8080\"\nbehind_proxy = [\"10.0.0.1\"]\n",
        "[store]\nurl = \"postgres://u:Canary7Secret@db/x?sslmode=require\"\n",
        "[store]\nurl = \"\"\"\npostgres://u:Canary7Secret@db/x?sslmode=require\n\"\"\"\n[hash]\nmemory_kib = 19456\n",
        "[smtp]\nhost = \"mail.test\"\nport = 587\nsecurity = \"tls\"\n",
    ];
    fuzz::text(&corpus, |text| {
        if let Err(error) = ServeConfig::parse(text, Path::new("x.toml")) {
            let told = error.to_string();
            // A word that stands where a setting's name should is told: that is how a misspelt one is found.
            assert!(!told.contains("Canary7Secret") || told.contains("unknown field"), "{told}");
        }
    });
}

#[test]
fn sec_203_a_certificate_authority_is_read_or_refused() {
    let scratch = Scratch::new().unwrap();
    let folder = scratch.path();
    let good = LocalCa::open_or_create(folder, START).unwrap().pem().to_owned();
    let (path, key_path) = (folder.join("ca.pem"), folder.join("ca-key.pem"));
    let key = std::fs::read_to_string(&key_path).unwrap();
    fuzz::slow_text(&[&good, &key, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"], |text| {
        std::fs::write(&path, text).unwrap();
        let _ = LocalCa::open(folder);
        std::fs::write(&path, &good).unwrap();
        std::fs::write(&key_path, text).unwrap();
        let refusals =
            [LocalCa::open(folder).err(), FileCerts::open(&path, &key_path).err(), FileCerts::open(&key_path, &key_path).err()];
        for error in refusals.into_iter().flatten().map(|error| error.to_string()) {
            assert!(!key.lines().nth(1).is_some_and(|line| error.contains(&line[..12])), "the key in the refusal: {error}");
        }
        std::fs::write(&key_path, &key).unwrap();
    });
}

#[test]
fn sec_203_no_mutation_of_a_signed_request_is_somebody_elses() {
    let (key, body) = (("AKIDEXAMPLE".to_owned(), "secret".to_owned()), r#"{"UserPoolId":"eu-central-1_Abc123XYZ"}"#);
    let signed = sign::headers(&key, REGION, "localhost:9229", "AdminGetUser", body, START);
    let names: Vec<HeaderName> = signed.iter().map(|(name, _)| name.parse().unwrap()).collect();
    let lines: Vec<&str> = signed.iter().map(|(_, value)| value.as_str()).collect();
    let whole = format!("{}\n{body}", lines.join("\n"));
    let verified = |input: &[u8]| {
        let mut parts = input.splitn(names.len() + 1, |byte| *byte == b'\n');
        let mut headers = HeaderMap::new();
        for name in &names {
            headers.insert(name, HeaderValue::from_bytes(parts.next().unwrap_or_default()).ok()?);
        }
        let body = parts.next().unwrap_or_default();
        // Path and query come from outside too; these two are as they were signed.
        let text = String::from_utf8_lossy(body);
        let odd =
            RequestParts { method: "POST", path: &text, query: &text, host: "x", host_region: None, headers: &headers, body };
        assert!(verify(&odd, START, |_| Some("secret")).is_err(), "another address under the same signature");
        let parts = RequestParts { path: "/", query: "", host: "localhost:9229", ..odd };
        let who = verify(&parts, START, |id| (id == key.0).then_some("secret")).ok()?;
        Some((who, headers["x-amz-target"].clone(), body.to_vec()))
    };
    let good = verified(whole.as_bytes()).unwrap();
    fuzz::bytes(&[whole.as_bytes(), b"\n\n\n\nAWS4-HMAC-SHA256 Credential=a/b/c/d/e"], |input| {
        if let Some((who, target, body)) = verified(input) {
            assert_eq!((&who, body.as_slice()), (&good.0, good.2.as_slice()), "another caller or body");
            assert_eq!(target.as_bytes().trim_ascii(), good.1.as_bytes(), "another operation");
        }
        let _ = scope_of(&String::from_utf8_lossy(input));
    });
}
