//! A pool's own settings: made under a fixed id, or brought in line. Some cannot change after a pool is made, and are refused
//! by name where the file says otherwise. Called by `seed::apply`.

use poolhouse_engine::error::{Error, Result};
use poolhouse_engine::ops::pools::create_user_pool;
use serde_json::{Map, Value};

use super::apply::Work;
use super::calls::{Calls, text};
use super::form::{POOL_SETTINGS, Settings};
use super::merge::{differences, merged, taken_by};
use super::problem::Problem;
use super::read::{PoolSeed, with};
use super::report::{Kind, Leaf};

const UPDATE: Settings = Settings { operation: "UpdateUserPool", without: &["UserPoolId"] };
/// The schema in CreateUserPool and in what DescribeUserPool tells.
const SCHEMA: (&str, &str) = ("Schema", "SchemaAttributes");

impl Work<'_> {
    /// Whether what is in the pool can be gone on with.
    pub(super) async fn pool_itself(
        &mut self,
        calls: Calls<'_>,
        pool: &PoolSeed,
        described: Option<&Map<String, Value>>,
    ) -> bool {
        let what = format!("pool {} ({})", pool.id, pool.name);
        let Some(described) = described else {
            let outcome = match self.options.write {
                true => create(calls, pool).await,
                false => Ok(()),
            };
            return self.done(pool.at, outcome, Kind::Add, what, Vec::new());
        };
        let mut wanted = pool.settings.clone();
        let schema = wanted.remove(SCHEMA.0);
        let fixed = self.fixed(pool, described, &mut wanted);
        let added = match schema {
            Some(Value::Array(schema)) => self.schema(pool, described, schema),
            _ => Vec::new(),
        };
        if fixed {
            return false;
        }
        wanted.insert("PoolName".to_owned(), pool.name.as_str().into());
        let mut current = taken_by("UpdateUserPool", described);
        current.extend(described.get("Name").map(|name| ("PoolName".to_owned(), name.clone())));
        let mut members = differences(&current, &wanted);
        let settings_differ = !members.is_empty();
        members.extend(added.iter().map(|attribute| Leaf {
            member: "Schema".to_owned(),
            from: None,
            to: Some(attribute.to_string()),
        }));
        if members.is_empty() {
            return true;
        }
        let whole = settings_differ.then(|| merged(&current, &wanted));
        let outcome = match self.options.write {
            true => update(calls, whole, added).await,
            false => Ok(()),
        };
        self.done(pool.at, outcome, Kind::Change, what, members)
    }

    /// Takes the settings that an update does not have out of `wanted`; whether one of them is not what the pool has.
    fn fixed(&mut self, pool: &PoolSeed, described: &Map<String, Value>, wanted: &mut Map<String, Value>) -> bool {
        let mut differ = false;
        for member in POOL_SETTINGS.members().filter(|member| UPDATE.members().all(|known| known.name != member.name)) {
            let Some(value) = wanted.remove(member.name) else { continue };
            let one = Map::from_iter([(member.name.to_owned(), value)]);
            for leaf in differences(described, &one) {
                differ = true;
                let (from, to) = (leaf.from.unwrap_or_else(|| "nothing".to_owned()), leaf.to.unwrap_or_default());
                let text = format!("{} is {from} and cannot become {to}: it is chosen when a pool is made", leaf.member);
                self.problems.push(Problem::new(pool.at, text));
            }
        }
        differ
    }

    /// The attributes to add. Others have to be as they are: no attribute ever changes.
    fn schema(&mut self, pool: &PoolSeed, described: &Map<String, Value>, wanted: Vec<Value>) -> Vec<Value> {
        let held = described.get(SCHEMA.1).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
        let mut added = Vec::new();
        for attribute in wanted {
            let Value::Object(mut members) = attribute.clone() else { continue };
            let name = text(&members, "Name").unwrap_or_default();
            let developer = members.get("DeveloperOnlyAttribute").and_then(Value::as_bool) == Some(true);
            let kept = if developer { format!("dev:custom:{name}") } else { format!("custom:{name}") };
            let same = |known: &str| known == name || known == kept;
            let found = held.iter().filter_map(Value::as_object).find(|one| text(one, "Name").is_some_and(|name| same(&name)));
            let Some(found) = found else {
                added.push(attribute);
                continue;
            };
            members.remove("Name");
            for leaf in differences(found, &members) {
                let (from, to) = (leaf.from.unwrap_or_else(|| "nothing".to_owned()), leaf.to.unwrap_or_default());
                let text = format!("{} of attribute {name} is {from} and cannot become {to}", leaf.member);
                self.problems.push(Problem::new(pool.at, text));
            }
        }
        added
    }
}

async fn create(calls: Calls<'_>, pool: &PoolSeed) -> Result<()> {
    let ctx = calls.ctx();
    let input = with(&pool.settings, serde_json::json!({ "PoolName": pool.name }));
    let input = serde_json::from_value(input).map_err(|e| Error::internal(format!("validated settings do not parse: {e}")))?;
    ctx.change("CreateUserPool", create_user_pool::create(&ctx, pool.id.clone(), input)).await.map(drop)
}

async fn update(calls: Calls<'_>, whole: Option<Map<String, Value>>, added: Vec<Value>) -> Result<()> {
    if !added.is_empty() {
        let input = Map::from_iter([("CustomAttributes".to_owned(), Value::Array(added))]);
        calls.call("AddCustomAttributes", input).await?;
    }
    if let Some(whole) = whole {
        calls.call("UpdateUserPool", whole).await?;
    }
    Ok(())
}
