//! Signatures made elsewhere (AWS's published vector, botocore 1.43's signer) must verify; every mutation must not.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: i64 = 1_440_938_160_000; // 2015-08-30T12:36:00Z
const BODY: &[u8] = br#"{"UserPoolId":"eu-central-1_Abc123XYZ","Username":"user@example.com"}"#;
const TARGET: &str = "AWSCognitoIdentityProviderService.AdminGetUser";
const LOCAL: &str = "36a1f2bde4df03e1cba3cad47dfb18dc43a2a57652af520f4fa59cbbd32e655f";

/// An owned request that tests bend before they verify it.
#[derive(Clone)]
struct Sent {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    host: &'static str,
    host_region: Option<&'static str>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sent {
    fn parts(&self) -> RequestParts<'_> {
        RequestParts {
            method: self.method,
            path: self.path,
            query: self.query,
            host: self.host,
            host_region: self.host_region,
            headers: &self.headers,
            body: &self.body,
        }
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    fn edit(self, from: &str, to: &str) -> Self {
        let old = self.headers["authorization"].to_str().unwrap().to_owned();
        assert!(old.contains(from), "{old} has no {from}");
        self.set("authorization", &old.replace(from, to))
    }

    fn verify_at(&self, now: i64) -> Result<Verified, SigError> {
        verify(&self.parts(), now, |id| (id == "AKIDEXAMPLE").then_some(SECRET))
    }

    fn verify(&self) -> Result<Verified, SigError> {
        self.verify_at(NOW)
    }

    fn code(&self) -> &'static str {
        self.verify().expect_err("must be refused").code
    }

    fn message(&self) -> String {
        self.verify().expect_err("must be refused").message
    }
}

fn authorization(region: &str, names: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/{region}/cognito-idp/aws4_request, \
         SignedHeaders={names}, Signature={signature}"
    )
}

/// What botocore sends for AdminGetUser to a local endpoint.
fn botocore() -> Sent {
    let sent = Sent {
        method: "POST",
        path: "/",
        query: "",
        host: "127.0.0.1:9229",
        host_region: None,
        headers: HeaderMap::new(),
        body: BODY.to_vec(),
    };
    sent.set("x-amz-target", TARGET)
        .set("content-type", "application/x-amz-json-1.1")
        .set("user-agent", "x")
        .set("x-amz-date", "20150830T123600Z")
        .set("authorization", &authorization("eu-central-1", "content-type;host;x-amz-date;x-amz-target", LOCAL))
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

#[test]
fn sec_106_botocores_signatures_verify() {
    let who = Verified { access_key_id: "AKIDEXAMPLE".into(), region: "eu-central-1".into() };
    assert_eq!(botocore().verify(), Ok(who.clone()));

    let mut aws = botocore().edit(LOCAL, "c322782e934b924b9913799e3ddd0edec7c2719d805c6a40df227f62a3a1f852");
    aws.host = "cognito-idp.eu-central-1.amazonaws.com";
    aws.host_region = Some("eu-central-1");
    assert_eq!(aws.verify(), Ok(who));

    let mut odd = botocore()
        .set("content-type", "application/x-amz-json-1.1; a   b")
        .edit("eu-central-1", "ap-southeast-2")
        .edit(LOCAL, "def5fa162d9d37dc5eea7531c67e1e93efa770718aab77823d3968a58925fe38");
    odd.body = "{\"Name\":\"Zoë €\"}".as_bytes().to_vec();
    assert_eq!(odd.verify().map(|who| who.region), Ok("ap-southeast-2".into()));
}

#[test]
fn a_received_request_is_taken_apart_the_same_way() {
    let sent = botocore();
    for address in ["/", "http://127.0.0.1:9229/"] {
        let mut request = http::Request::post(address).body(()).unwrap();
        *request.headers_mut() = sent.headers.clone();
        if address == "/" {
            request.headers_mut().insert("host", "127.0.0.1:9229".parse().unwrap());
        }
        let (head, ()) = request.into_parts();
        let host = crate::host::authority(&head.uri, &head.headers).unwrap();
        let parts = RequestParts::of(&head, host, None, BODY);
        verify(&parts, NOW, |_| Some(SECRET)).unwrap();
    }
}

/// Vectors for another service cannot pass [`parse`]; they prove the arithmetic below it.
fn plain_get(path: &'static str, query: &'static str, signature: &str) -> Result<Verified, SigError> {
    let headers = HeaderMap::from_iter([(HeaderName::from_static("x-amz-date"), HeaderValue::from_static("20150830T123600Z"))]);
    let host = "example.amazonaws.com";
    let parts = RequestParts { method: "GET", path, query, host, host_region: None, headers: &headers, body: b"" };
    let signed = Signed {
        access_key_id: "AKIDEXAMPLE".into(),
        day: "20150830".into(),
        region: "us-east-1".into(),
        service: "service".into(),
        timestamp: "20150830T123600Z".into(),
        signed_headers: vec!["host".into(), "x-amz-date".into()],
        signature: canonical::unhex(signature).unwrap(),
    };
    signed.check(&parts, SECRET.as_bytes())
}

#[test]
fn sec_106_published_vectors_verify() {
    // AWS test suite "get-vanilla".
    plain_get("/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31").unwrap();
    // botocore: path with an encoded space and dot segments; query out of order with an encoded slash.
    let odd = "338d7bceb483e8dd46f632059404a2dcc85e145cd508ba8ce1e76e678480c196";
    plain_get("/a%20b/../c/", "b=2&a=1&a=0&c=%2F", odd).unwrap();
    plain_get("/c/", "a=0&a=1&b=2&c=%2f", odd).unwrap();
    plain_get("/c", "a=0&a=1&b=2&c=%2F", odd).unwrap_err();
}

#[test]
fn header_members_come_in_any_order_and_spacing() {
    let names = "content-type;host;x-amz-date;x-amz-target";
    let value = format!(
        "AWS4-HMAC-SHA256   Signature={LOCAL},SignedHeaders={names} ,\tCredential=AKIDEXAMPLE/20150830/eu-central-1/cognito-idp/aws4_request"
    );
    botocore().set("authorization", &value).verify().unwrap();
}

#[test]
fn sec_106_every_mutation_is_refused() {
    let mut bent: Vec<(&str, Sent)> = vec![
        ("content-type", botocore().set("content-type", "application/x-amz-json-1.0")),
        ("target", botocore().set("x-amz-target", "AWSCognitoIdentityProviderService.AdminDeleteUser")),
        ("date", botocore().set("x-amz-date", "20150830T123601Z")),
        ("region", botocore().edit("eu-central-1", "eu-central-2")),
        ("fewer headers", botocore().edit("content-type;host", "host")),
        ("unsorted headers", botocore().edit("content-type;host", "host;content-type")),
        ("repeated header", botocore().edit("content-type;host", "content-type;host;host")),
        ("upper-case header", botocore().edit("content-type;host", "Content-Type;host")),
        ("unsent header", botocore().edit("content-type;host", "accept;content-type;host")),
        ("short signature", botocore().edit("655f", "")),
        ("upper-case signature", botocore().edit(LOCAL, &LOCAL.to_uppercase())),
    ];
    type Edit = (&'static str, fn(&mut Sent));
    let edits: [Edit; 6] = [
        ("method", |sent| sent.method = "PUT"),
        ("path", |sent| sent.path = "/x"),
        ("query", |sent| sent.query = "a=1"),
        ("host", |sent| sent.host = "127.0.0.1:9230"),
        ("body", |sent| sent.body[2] ^= 1),
        ("body length", |sent| sent.body.push(b' ')),
    ];
    for (what, edit) in edits {
        let mut sent = botocore();
        edit(&mut sent);
        bent.push((what, sent));
    }
    for (what, sent) in bent {
        assert_eq!((sent.code(), sent.message().as_str()), ("InvalidSignatureException", MISMATCH), "{what}");
    }
    for at in 0..64 {
        let mut digits = LOCAL.as_bytes().to_vec();
        digits[at] = if digits[at] == b'0' { b'1' } else { b'0' };
        let sent = botocore().edit(LOCAL, std::str::from_utf8(&digits).unwrap());
        assert_eq!(sent.code(), "InvalidSignatureException", "digit {at}");
    }
    let wrong = verify(&botocore().parts(), NOW, |_| Some("another secret")).unwrap_err();
    assert_eq!(wrong.message, MISMATCH);
}

#[test]
fn sec_106_a_named_content_hash_is_not_believed() {
    let mut sent = botocore().set("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    sent.verify().unwrap();
    sent.body = b"{}".to_vec();
    assert_eq!(sent.code(), "InvalidSignatureException");
}

#[test]
fn sec_106_host_date_and_target_must_be_signed() {
    let table = [
        ("host;", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
        ("x-amz-date;", "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."),
        (";x-amz-target", "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."),
    ];
    for (name, message) in table {
        let sent = botocore().edit(name, "");
        assert_eq!((sent.code(), sent.message().as_str()), ("InvalidSignatureException", message));
    }
}

#[test]
fn sec_106_the_scope_must_be_ours() {
    let region = "Credential should be scoped to a valid region. ";
    let service = "Credential should be scoped to correct service: 'cognito-idp'. ";
    assert_eq!(botocore().edit("eu-central-1", "mars").message(), region);
    assert_eq!(botocore().edit("/cognito-idp/", "/cognito-identity/").message(), service);
    assert_eq!(botocore().edit("aws4_request", "aws5_request").code(), "InvalidSignatureException");
    assert!(botocore().edit("20150830/", "20150829/").message().starts_with("Date in Credential scope does not match"));
    let mut elsewhere = botocore();
    elsewhere.host_region = Some("us-east-1");
    assert_eq!(elsewhere.message(), region);
}

#[test]
fn sec_107_old_and_future_dates_are_refused() {
    let minutes = 60_000;
    botocore().verify_at(NOW + 5 * minutes).unwrap();
    botocore().verify_at(NOW - 5 * minutes).unwrap();
    let old = botocore().verify_at(NOW + 10 * minutes).unwrap_err();
    assert_eq!(old.code, "InvalidSignatureException");
    assert_eq!(
        old.message,
        "Signature expired: 20150830T123600Z is now earlier than 20150830T124100Z (20150830T124600Z - 5 min.)"
    );
    let future = botocore().verify_at(NOW - 10 * minutes).unwrap_err();
    assert_eq!(
        future.message,
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123100Z (20150830T122600Z + 5 min.)"
    );
    botocore().verify_at(NOW + 5 * minutes + 1).unwrap_err();
    botocore().verify_at(NOW - 5 * minutes - 1).unwrap_err();
}

#[test]
fn sec_107_a_presigned_address_is_refused() {
    let mut bare = botocore();
    bare.headers.remove("authorization");
    bare.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00";
    assert_eq!(bare.code(), "MissingAuthenticationTokenException");
    let mut both = botocore();
    both.query = "x-amz-signature=00";
    assert_eq!(both.code(), "MissingAuthenticationTokenException");
}

#[test]
fn sec_105_no_or_foreign_authorization_is_missing() {
    let mut none = botocore();
    none.headers.remove("authorization");
    assert_eq!((none.code(), none.message().as_str()), ("MissingAuthenticationTokenException", "Missing Authentication Token"));
    for value in ["Bearer abc", "Basic dTpw", "", "AWS4-HMAC-SHA512 Credential=x", "AWS4-HMAC-SHA256X Credential=x", "AWS a:b"] {
        assert_eq!(botocore().set("authorization", value).code(), "MissingAuthenticationTokenException", "{value}");
    }
}

#[test]
fn malformed_headers_are_incomplete() {
    let bare = botocore().set("authorization", "AWS4-HMAC-SHA256");
    assert_eq!(bare.code(), "IncompleteSignatureException");
    assert!(bare.message().starts_with(
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. \
         Authorization header requires 'SignedHeaders' parameter. (Hashed"
    ));
    let mut dateless = botocore();
    dateless.headers.remove("x-amz-date");
    assert_eq!(dateless.code(), "IncompleteSignatureException");
    assert!(dateless.message().contains("either a 'X-Amz-Date' or a 'Date' header"));
    let odd = [
        botocore().edit("Credential=", "Credential"),
        botocore().edit("/aws4_request", ""),
        botocore().edit("Signature=", "Signature=aa, Signature="),
        botocore().set("x-amz-date", "2015-08-30T12:36:00Z"),
        botocore().set("x-amz-date", "20150830T126000Z"),
    ];
    for sent in odd {
        assert_eq!(sent.code(), "IncompleteSignatureException", "{:?}", sent.headers);
    }
    let secret = botocore().edit("Signature=", "Password=hunter2, Sig=");
    assert!(!secret.message().contains("hunter2"));
}

#[test]
fn sec_111_a_second_target_or_authorization_is_refused() {
    for name in ["x-amz-target", "authorization", "x-amz-date"] {
        let mut twice = botocore();
        let value = twice.headers[name].clone();
        twice.headers.append(HeaderName::from_static(name), value);
        assert_eq!(twice.code(), "IncompleteSignatureException", "{name}");
    }
}

#[test]
fn sec_106_unknown_keys_and_session_tokens_are_unrecognized() {
    let unknown = botocore().edit("AKIDEXAMPLE", "AKIDOTHER");
    assert_eq!(unknown.code(), "UnrecognizedClientException");
    assert_eq!(unknown.message(), "The security token included in the request is invalid.");
    // A signature that is right in itself, made by botocore with temporary credentials.
    let token = botocore()
        .set("x-amz-security-token", "TOKEN")
        .edit("x-amz-date;", "x-amz-date;x-amz-security-token;")
        .edit(LOCAL, "e826b444576d107b67e3b1b097518ec9bcee70444fdd6cf9dd29330c178d9a5d");
    assert_eq!(token.code(), "UnrecognizedClientException");
}

#[test]
fn a_plain_date_header_serves_too() {
    let mut sent = botocore().set("date", "Sun, 30 Aug 2015 12:36:00 GMT").edit("host;x-amz-date", "date;host");
    sent.headers.remove("x-amz-date");
    let names: Vec<String> = ["content-type", "date", "host", "x-amz-target"].iter().map(|name| (*name).to_owned()).collect();
    let request = canonical::request(&sent.parts(), &names);
    let text = format!(
        "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/eu-central-1/cognito-idp/aws4_request\n{}",
        canonical::sha256_hex(request.as_bytes())
    );
    let key = canonical::signing_key(SECRET.as_bytes(), "20150830", "eu-central-1", "cognito-idp");
    let tag = hmac::sign(&key, text.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let sent = sent.edit(LOCAL, &hex).edit("content-type;date;host", "content-type;date;host");
    sent.verify().unwrap();
    assert_eq!(sent.set("date", "Sun, 30 Aug 2015 12:36:09 GMT").message(), MISMATCH);
}

#[test]
fn the_scope_is_read_without_proof() {
    let value = authorization("eu-central-1", "host", "00");
    let scope = Scope { access_key_id: "AKIDEXAMPLE".into(), region: "eu-central-1".into() };
    assert_eq!(scope_of(&value), Some(scope));
    assert_eq!(scope_of(&value.replace("cognito-idp", "s3")), None);
    assert_eq!(scope_of(&value.replace("eu-central-1", "<script>")), None);
    assert_eq!(scope_of("Bearer x"), None);
}
