//! Signature Version 4, the signing side, written for the tests from AWS's description alone.

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;

pub fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

/// The headers of a signed call; `now` in milliseconds.
pub fn headers(
    (id, secret): &(String, String),
    region: &str,
    host: &str,
    operation: &str,
    body: &str,
    now: i64,
) -> Vec<(String, String)> {
    let time = jiff::Timestamp::from_millisecond(now).unwrap().strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let kind = "application/x-amz-json-1.1";
    let names = "content-type;host;x-amz-date;x-amz-target";
    let request = format!(
        "POST\n/\n\ncontent-type:{kind}\nhost:{host}\nx-amz-date:{time}\nx-amz-target:{target}\n\n{names}\n{}",
        sha256(body)
    );
    let scope = format!("{day}/{region}/cognito-idp/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(&request));
    let key = [day, region, "cognito-idp", "aws4_request"]
        .iter()
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    let authorization = format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
    [
        ("content-type", kind.to_owned()),
        ("host", host.to_owned()),
        ("x-amz-date", time.clone()),
        ("x-amz-target", target),
        ("authorization", authorization),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
