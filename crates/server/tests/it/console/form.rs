//! The forms of a console page as a browser sends them: what stands in them, and what is typed over it.

use crate::browser::attribute;
use crate::harness::{Browser, Reply};

/// Action and fields of the form with this id.
pub fn read(page: &Reply, id: &str) -> (String, Vec<(String, String)>) {
    let forms = page.text.split("<form").skip(1).map(|rest| format!("<form{}", rest.split("</form>").next().unwrap()));
    let form = forms.into_iter().find(|form| attribute(form, "<form", "id").as_deref() == Some(id));
    let form = form.unwrap_or_else(|| panic!("no form {id}: {}", page.text));
    let mut fields = Vec::new();
    for input in form.split("<input").skip(1).map(|rest| format!("<input{}>", rest.split('>').next().unwrap())) {
        let value = |name: &str| attribute(&input, "<input", name);
        let boxed = matches!(value("type").as_deref(), Some("checkbox" | "radio"));
        if !input.contains(" disabled") && (!boxed || input.contains(" checked")) {
            fields.push((value("name").unwrap(), value("value").unwrap_or_default()));
        }
    }
    for select in form.split("<select").skip(1).map(|rest| rest.split("</select>").next().unwrap()) {
        let name = attribute(&format!("<select{select}"), "<select", "name").unwrap();
        let mut options = select.split("<option").skip(1).map(|rest| format!("<option{rest}"));
        let first = options.clone().next();
        let chosen = options.find(|option| option.split('>').next().unwrap().contains(" selected")).or(first);
        fields.extend(chosen.map(|option| (name, attribute(&option, "<option", "value").unwrap())));
    }
    for area in form.split("<textarea").skip(1) {
        let name = attribute(&format!("<textarea{area}"), "<textarea", "name").unwrap();
        let text = area.split_once('>').unwrap().1.split("</textarea>").next().unwrap();
        fields.push((name, text.trim_start_matches('\n').to_owned()));
    }
    (attribute(&form, "<form", "action").unwrap(), fields)
}

/// Sends the form with this id; `typed` replaces what stands in fields of those names.
pub async fn submit(browser: &mut Browser<'_>, page: &Reply, id: &str, typed: &[(&str, &str)]) -> Reply {
    let (action, mut fields) = read(page, id);
    fields.retain(|(name, _)| !typed.iter().any(|(other, _)| other == name));
    fields.extend(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(&action, &fields).await
}

/// What the page says as text, tags and entities undone.
pub fn words(page: &Reply) -> String {
    let main = page.text.split_once("<main").map_or(page.text.as_str(), |(_, main)| main);
    let mut words = String::new();
    let mut inside = true;
    for character in main.chars() {
        match character {
            '<' => {
                inside = true;
                words.push(' ');
            }
            '>' if inside => inside = false,
            _ if inside => {}
            other => words.push(other),
        }
    }
    let words = words.replace("&quot;", "\"").replace("&#39;", "'").replace("&#x27;", "'").replace("&#x2f;", "/");
    let words = words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
