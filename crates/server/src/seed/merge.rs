//! Settings of a file over those of a store: what differs, and the whole object to write, so that an update resets nothing that the
//! file leaves out. Structures are merged, lists are replaced. Pure; called by `seed::apply`.

use serde_json::{Map, Value};

use super::form::Settings;
use super::report::Leaf;

/// Members that are two names of one thing. An update that sends one of them back beside another value of the other would
/// be refused, or would not change it; so that one is left out, unless the file names it.
const TWINS: [(&[&str], &[&str]); 7] = [
    (&["Policies", "PasswordPolicy", "TemporaryPasswordValidityDays"], &["AdminCreateUserConfig", "UnusedAccountValidityDays"]),
    (&["AdminCreateUserConfig", "UnusedAccountValidityDays"], &["Policies", "PasswordPolicy", "TemporaryPasswordValidityDays"]),
    (&["EmailVerificationMessage"], &["VerificationMessageTemplate", "EmailMessage"]),
    (&["EmailVerificationSubject"], &["VerificationMessageTemplate", "EmailSubject"]),
    (&["SmsVerificationMessage"], &["VerificationMessageTemplate", "SmsMessage"]),
    (&["LambdaConfig", "PreTokenGenerationConfig"], &["LambdaConfig", "PreTokenGeneration"]),
    (&["LambdaConfig", "PreTokenGeneration"], &["LambdaConfig", "PreTokenGenerationConfig"]),
];

/// What of the wanted settings is not so, by path.
pub fn differences(current: &Map<String, Value>, wanted: &Map<String, Value>) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    compare("", current, wanted, &mut leaves);
    leaves
}

fn compare(path: &str, current: &Map<String, Value>, wanted: &Map<String, Value>, leaves: &mut Vec<Leaf>) {
    for (name, value) in wanted {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match (current.get(name), value) {
            (Some(Value::Object(current)), Value::Object(wanted)) => compare(&path, current, wanted, leaves),
            (Some(current), wanted) if current == wanted => {}
            // What is empty is not kept.
            (None, Value::Array(wanted)) if wanted.is_empty() => {}
            (None, Value::Object(wanted)) if wanted.is_empty() => {}
            (current, wanted) => {
                leaves.push(Leaf { member: path, from: current.map(Value::to_string), to: Some(wanted.to_string()) });
            }
        }
    }
}

/// The whole object to write.
pub fn merged(current: &Map<String, Value>, wanted: &Map<String, Value>) -> Map<String, Value> {
    let mut base = current.clone();
    for (named, twin) in TWINS {
        if find(wanted, named).is_some() && find(wanted, twin).is_none() {
            remove(&mut base, twin);
        }
    }
    // A pool describes both, and takes one.
    if find(wanted, TWINS[1].0).is_none() {
        remove(&mut base, TWINS[1].0);
    }
    lay(&mut base, wanted);
    base
}

fn lay(base: &mut Map<String, Value>, wanted: &Map<String, Value>) {
    for (name, value) in wanted {
        match (base.get_mut(name), value) {
            (Some(Value::Object(base)), Value::Object(wanted)) => lay(base, wanted),
            _ => drop(base.insert(name.clone(), value.clone())),
        }
    }
}

fn find<'v>(object: &'v Map<String, Value>, path: &[&str]) -> Option<&'v Value> {
    let (first, rest) = path.split_first()?;
    let mut value = object.get(*first)?;
    for name in rest {
        value = value.get(*name)?;
    }
    Some(value)
}

/// Takes the member at this path away.
pub fn remove(object: &mut Map<String, Value>, path: &[&str]) {
    match path {
        [] => {}
        [name] => drop(object.remove(*name)),
        [name, rest @ ..] => {
            if let Some(Value::Object(inner)) = object.get_mut(*name) {
                remove(inner, rest);
            }
        }
    }
}

/// Of a description the members that an operation's input has.
pub fn taken_by(operation: &'static str, description: &Map<String, Value>) -> Map<String, Value> {
    let known = Settings { operation, without: &["UserPoolId"] };
    let members = known.members().filter_map(|member| Some((member.name.to_owned(), description.get(member.name)?.clone())));
    members.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn structures_are_merged_and_lists_replaced() {
        let current = map(json!({ "A": { "x": 1, "y": [1, 2] }, "B": true }));
        let wanted = map(json!({ "A": { "y": [2] }, "C": [], "D": { "z": 1 } }));
        assert_eq!(merged(&current, &wanted), map(json!({ "A": { "x": 1, "y": [2] }, "B": true, "C": [], "D": { "z": 1 } })));
        let told: Vec<String> = differences(&current, &wanted).into_iter().map(|leaf| leaf.member).collect();
        assert_eq!(told, ["A.y", "D"]);
    }

    #[test]
    fn of_two_names_for_one_thing_the_file_decides() {
        let days = |days: i32| json!({ "PasswordPolicy": { "TemporaryPasswordValidityDays": days } });
        let current = map(json!({ "Policies": days(7), "AdminCreateUserConfig": { "UnusedAccountValidityDays": 7 } }));
        let one = merged(&current, &map(json!({ "Policies": days(3) })));
        assert_eq!(one, map(json!({ "Policies": days(3), "AdminCreateUserConfig": {} })));
        let other = merged(&current, &map(json!({ "AdminCreateUserConfig": { "UnusedAccountValidityDays": 3 } })));
        assert_eq!(other["AdminCreateUserConfig"], json!({ "UnusedAccountValidityDays": 3 }));
        assert_eq!(other["Policies"], json!({ "PasswordPolicy": {} }));
    }
}
