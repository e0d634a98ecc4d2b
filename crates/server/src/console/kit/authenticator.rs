//! The key of an operator's codes as an authenticator app takes it: as text, as an address, and as a QR code of that address. Pure; the
//! picture is SVG within the page, which the content security policy lets pass, since nothing is loaded. Called by the pages that show a key.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

use super::paths;
use super::view::{Named, Value};

/// White modules around a code, without which cameras do not find it (ISO/IEC 18004).
const QUIET: i32 = 4;

/// Three ways into the app for a key in Base32; `name` is the operator's, where there is one yet.
pub fn facts(key: &str, name: Option<&str>) -> Vec<Named> {
    let who = name.map_or_else(|| "Poolhouse".to_owned(), |name| format!("Poolhouse:{}", paths::segment(name)));
    // The key URI format of Google Authenticator, which every app reads.
    let uri = format!("otpauth://totp/{who}?secret={key}&issuer=Poolhouse");
    vec![
        Named::new("QR code", qr(&uri)).noting("Scan it with the app, or type the key."),
        Named::copy("Key", key),
        Named::copy("The same as an address", &uri),
    ]
}

/// The QR code of a text.
pub fn qr(text: &str) -> Value {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return Value::none("too long for a QR code") };
    let side = code.size().saturating_add(2 * QUIET);
    Value::Qr { side, path: path(&code), label: "QR code of the key".to_owned() }
}

/// A rectangle for each run of dark modules.
fn path(code: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let run = i32::try_from((x..code.size()).take_while(|x| code.get_module(*x, y)).count()).unwrap_or_default();
            if run > 0 {
                // Writing into a String cannot fail.
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run + 1;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_has_every_dark_module_and_white_around() {
        let code = QrCode::encode_text("otpauth://totp/Poolhouse", QrCodeEcc::Medium).unwrap();
        let mut drawn = Vec::new();
        for run in path(&code).split('M').skip(1) {
            let (at, rest) = run.split_once('h').unwrap();
            let (x, y) = at.split_once(' ').unwrap();
            let wide: i32 = rest.split_once("v1h-").unwrap().0.parse().unwrap();
            let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
            drawn.extend((x..x + wide).map(|x| (x, y)));
        }
        let all = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let dark: Vec<_> = all.filter(|(x, y)| code.get_module(*x, *y)).map(|(x, y)| (x + 4, y + 4)).collect();
        assert!(drawn == dark && dark.len() > 100, "{drawn:?}");
        let Value::Qr { side, .. } = qr("otpauth://totp/Poolhouse") else { panic!("no picture") };
        assert_eq!(side, code.size() + 8);
    }

    #[test]
    fn a_name_stays_one_part_of_the_address() {
        let Value::Copy { text } = &facts("KEY", Some("a+b@c"))[2].value else { panic!("no address") };
        assert_eq!(text, "otpauth://totp/Poolhouse:a%2Bb%40c?secret=KEY&issuer=Poolhouse");
    }
}
