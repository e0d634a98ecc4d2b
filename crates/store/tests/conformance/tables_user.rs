//! Tables of people: users and their search, sign-in names, groups and memberships.

use poolhouse_store::tables::users::SearchColumn;
use poolhouse_store::tables::{codes, groups, pools, sign_in_names, users};
use poolhouse_store::testkit::plans;
use poolhouse_store::{Error, p};

use crate::rows::*;
use crate::support::{both, is_unique, r, race, w};

fn subs(rows: Vec<users::UserRow>) -> Vec<String> {
    rows.into_iter().map(|row| row.sub).collect()
}

both! {
    async fn whoever_checks_reads_keys_and_owners(f: Fixture) {
        seed(&f.db, &["a", "b", "c"]).await;
        w!(f.db, |tx| {
            assert!(sign_in_names::claim(tx, &name("p", "ann", "username", "a")).await?);
            assert!(sign_in_names::claim(tx, &name("p", "bob", "username", "b")).await?);
            Ok(())
        }).unwrap();
        assert_eq!(r!(f.db, |tx| users::list_subs(tx, "p", "a", 9).await), ["b", "c"]);
        assert_eq!(r!(f.db, |tx| users::list_subs(tx, "p", "", 1).await), ["a"]);
        let owned = |name: &str, sub: &str| (name.to_owned(), sub.to_owned(), true);
        assert_eq!(r!(f.db, |tx| sign_in_names::list_with_owner(tx, "p", "", 9).await), [owned("ann", "a"), owned("bob", "b")]);
        assert_eq!(r!(f.db, |tx| sign_in_names::list_with_owner(tx, "p", "ann", 9).await), [owned("bob", "b")]);
    }
}

both! {
    async fn a_user_comes_back_as_it_went_in(f: Fixture) {
        seed(&f.db, &["s"]).await;
        let full = users::UserRow {
            email: Some("a@b".into()),
            phone_number: Some("+49".into()),
            name: Some("Ä".into()),
            given_name: Some("g".into()),
            family_name: Some("f".into()),
            preferred_username: Some("pu".into()),
            password_hash: Some("$argon2id$".into()),
            srp_sealed: Some(vec![0, 255]),
            temporary_expires_at: Some(7),
            signed_out_at: 9,
            enabled: false,
            ..user("p", "t")
        };
        let row = full.clone();
        w!(f.db, |tx| users::insert(tx, &row).await).unwrap();
        assert_eq!(r!(f.db, |tx| users::get(tx, "p", "t").await), Some(full.clone()));
        assert_eq!(r!(f.db, |tx| users::get(tx, "p", "none").await), None);
        assert!(is_unique(w!(f.db, |tx| users::insert(tx, &user("p", "t")).await), "users(pool_id, sub)"));
        assert_eq!(w!(f.db, |tx| users::insert(tx, &user("none", "t")).await), Err(Error::Reference));
        assert_eq!(format!("{full:?}"), "UserRow { .. }", "no secret in a log");

        // An update writes everything but what has its own writer.
        let mut row = user("p", "t");
        (row.username, row.name, row.signed_out_at, row.modified_at) = ("new".into(), Some("N".into()), 1, NOW + 1);
        let stale = row.clone();
        let expected = users::UserRow { version: 2, signed_out_at: 9, ..row.clone() };
        assert_eq!(w!(f.db, |tx| users::update(tx, &row).await), Ok(true));
        assert_eq!(r!(f.db, |tx| users::get(tx, "p", "t").await), Some(expected));
        assert_eq!(w!(f.db, |tx| users::update(tx, &stale).await), Ok(false));

        w!(f.db, |tx| {
            assert!(users::set_enabled(tx, "p", "t", false, NOW + 2).await?);
            assert!(!users::set_enabled(tx, "p", "none", false, NOW).await?);
            assert!(users::set_signed_out(tx, "p", "t", 100).await?);
            assert!(users::set_signed_out(tx, "p", "t", 50).await?);
            assert!(!users::set_signed_out(tx, "p", "none", 50).await?);
            Ok(())
        }).unwrap();
        let now = r!(f.db, |tx| users::get(tx, "p", "t").await).unwrap();
        assert_eq!((now.enabled, now.signed_out_at, now.version, now.modified_at), (false, 100, 3, NOW + 2));
        assert_eq!(w!(f.db, |tx| users::delete(tx, "p", "t").await), Ok(true));
        assert_eq!(w!(f.db, |tx| users::delete(tx, "p", "t").await), Ok(false));
    }
}

both! {
    async fn a_stored_password_is_refreshed_only_while_it_is_the_one_that_was_checked(f: Fixture) {
        seed(&f.db, &["t"]).await;
        let row = users::UserRow { password_hash: Some("old".into()), srp_sealed: None, ..user("p", "t2") };
        w!(f.db, |tx| users::insert(tx, &row).await).unwrap();
        assert_eq!(w!(f.db, |tx| users::refresh_password(tx, "p", "t2", "other", Some("new"), Some(b"v")).await), Ok(false));
        assert_eq!(w!(f.db, |tx| users::refresh_password(tx, "p", "t2", "old", None, Some(b"v")).await), Ok(true));
        assert_eq!(w!(f.db, |tx| users::refresh_password(tx, "p", "t2", "old", Some("new"), None).await), Ok(true));
        let found = r!(f.db, |tx| users::get(tx, "p", "t2").await).unwrap();
        assert_eq!((found.password_hash.as_deref(), found.srp_sealed.as_deref()), (Some("new"), Some(&b"v"[..])));
        assert_eq!(w!(f.db, |tx| users::drop_srp(tx, "p").await).map(|n| n >= 1), Ok(true));
        assert_eq!(r!(f.db, |tx| users::get(tx, "p", "t2").await).unwrap().srp_sealed, None);
        assert_eq!(w!(f.db, |tx| users::drop_srp(tx, "p").await), Ok(0));
    }
}

both! {
    async fn users_are_listed_page_by_page(f: Fixture) {
        seed(&f.db, &["d", "a", "c", "b", "B"]).await;
        w!(f.db, |tx| {
            pools::insert(tx, &pool("q")).await?;
            users::insert(tx, &user("q", "aa")).await?;
            users::set_enabled(tx, "p", "b", false, NOW).await
        }).unwrap();
        assert_eq!(subs(r!(f.db, |tx| users::list(tx, "p", "", 3).await)), ["B", "a", "b"]);
        assert_eq!(subs(r!(f.db, |tx| users::list(tx, "p", "b", 3).await)), ["c", "d"]);
        assert_eq!(subs(r!(f.db, |tx| users::list_enabled(tx, "p", true, "a", 1).await)), ["c"]);
        assert_eq!(subs(r!(f.db, |tx| users::list_enabled(tx, "p", false, "", 9).await)), ["b"]);
        assert_eq!(r!(f.db, |tx| users::count(tx, "p", 1000).await), 5);
        assert_eq!(r!(f.db, |tx| users::count(tx, "p", 3).await), 3);
        assert_eq!(r!(f.db, |tx| users::count(tx, "none", 3).await), 0);
        let records = r!(f.db, |tx| users::passwords(tx, ("", ""), 2).await);
        assert_eq!(records.len(), 2);
        let last = &records[1];
        let rest = r!(f.db, |tx| users::passwords(tx, (&last.pool_id, &last.sub), 10).await);
        assert_eq!((rest.len(), rest.iter().all(|row| row.sub > last.sub)), (4, true));
    }
}

both! {
    async fn every_search_column_finds_by_value_and_by_prefix(f: Fixture) {
        seed(&f.db, &[]).await;
        let values = ["anna", "annabel", "annb", "Anna", "bob", "anna", "änn"];
        w!(f.db, |tx| {
            for (number, value) in values.iter().enumerate() {
                let value = Some((*value).to_owned());
                users::insert(tx, &users::UserRow {
                    username: value.clone().unwrap(),
                    status: value.clone().unwrap(),
                    email: value.clone(),
                    phone_number: value.clone(),
                    name: value.clone(),
                    given_name: value.clone(),
                    family_name: value.clone(),
                    preferred_username: value,
                    ..user("p", &format!("s{number}"))
                }).await?;
            }
            users::insert(tx, &users::UserRow { email: None, ..user("p", "x") }).await
        }).unwrap();
        for column in SearchColumn::ALL.into_iter().filter(|c| *c != SearchColumn::Sub) {
            assert_eq!(subs(r!(f.db, |tx| users::list_equal(tx, "p", column, "anna", "", 9).await)), ["s0", "s5"], "{column:?}");
            assert_eq!(subs(r!(f.db, |tx| users::list_equal(tx, "p", column, "anna", "s0", 9).await)), ["s5"]);
            assert_eq!(subs(r!(f.db, |tx| users::list_equal(tx, "p", column, "ann", "", 9).await)), [""; 0]);
            // Page by page, with the last row as the cursor.
            let mut found = Vec::new();
            let mut after: Option<(String, String)> = None;
            loop {
                let cursor = after.as_ref().map(|(value, sub)| (value.as_str(), sub.as_str()));
                let page = r!(f.db, |tx| users::list_prefix(tx, "p", column, "ann", cursor, 1).await);
                let Some(last) = page.last() else { break };
                after = Some((column.value(last).unwrap().to_owned(), last.sub.clone()));
                found.extend(subs(page));
            }
            assert_eq!(found, ["s0", "s5", "s1", "s2"], "{column:?}");
            let odd = Some(("aaa", "zzz"));
            assert_eq!(subs(r!(f.db, |tx| users::list_prefix(tx, "p", column, "annab", odd, 9).await)), ["s1"], "a foreign cursor");
            assert_eq!(subs(r!(f.db, |tx| users::list_prefix(tx, "p", column, "ä", None, 9).await)), ["s6"]);
            assert!(r!(f.db, |tx| users::list_prefix(tx, "p", column, "", None, 9).await).len() >= 7);
        }
        assert_eq!(subs(r!(f.db, |tx| users::list_equal(tx, "p", SearchColumn::Sub, "s3", "", 9).await)), ["s3"]);
        assert_eq!(subs(r!(f.db, |tx| users::list_prefix(tx, "p", SearchColumn::Sub, "s", Some(("s4", "s4")), 9).await)), ["s5", "s6"]);
    }
}

both! {
    async fn a_prefix_search_walks_the_index(f: Fixture) {
        seed(&f.db, &[]).await;
        const RANGE: &str = "SELECT u.sub FROM users u WHERE u.pool_id = 'p' AND (u.email, u.sub) > ('a', '') AND u.email < 'b'
            ORDER BY u.email, u.sub LIMIT 60";
        let plan = if f.is_sqlite {
            let sql = const_format(RANGE);
            r!(f.db, |tx| tx.all::<(i64, i64, i64, String)>(sql, p![]).await).into_iter().map(|row| row.3).collect::<String>()
        } else {
            let sql: &'static str = format!("EXPLAIN {RANGE}").leak();
            w!(f.db, |tx| {
                tx.exec("SET LOCAL enable_seqscan = off", p![]).await?;
                tx.exec("SET LOCAL enable_bitmapscan = off", p![]).await?;
                tx.all::<String>(sql, p![]).await
            }).unwrap().join("\n")
        };
        assert!(plan.contains("users_email") && !plan.contains("TEMP B-TREE") && !plan.contains("Sort"), "{plan}");
        if !f.is_sqlite {
            let range = ["Index Cond", "ROW(email, sub) > ROW('a'::text, ''::text)", "(email < 'b'::text)"];
            assert!(range.iter().all(|part| plan.contains(part)) && !plan.contains("Filter"), "{plan}");
        }
    }
}

/// What a million rows make slow: SQLite gathers no statistics, so that its choice is the same in an empty table.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_often_is_found_by_an_index() {
    let f = crate::support::sqlite().await;
    seed(&f.db, &["s"]).await;
    let mut reader = f.db.reader().await.unwrap();
    users::list_enabled(&mut reader, "p", false, "", 9).await.unwrap();
    users::list_enabled(&mut reader, "p", true, "", 9).await.unwrap();
    for column in SearchColumn::ALL {
        users::list_equal(&mut reader, "p", column, "x", "", 9).await.unwrap();
        users::list_prefix(&mut reader, "p", column, "x", None, 9).await.unwrap();
    }
    groups::of_user(&mut reader, "p", "s").await.unwrap();
    groups::of_user_page(&mut reader, "p", "s", "", 9).await.unwrap();
    groups::members(&mut reader, "p", "g", "", 9).await.unwrap();
    let plan = |part: &str| plans::of(part).concat();
    assert!(plan("u.enabled = 0").contains("users_disabled (pool_id=? AND sub>?)"), "{}", plan("u.enabled = 0"));
    for plan in plans::of("FROM users u WHERE") {
        assert!(plan.contains("SEARCH") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
    for plan in plans::of("m.sub = $2") {
        assert!(plan.starts_with("SEARCH m USING COVERING INDEX memberships_of_user (pool_id=? AND sub=?"), "{plan}");
        assert!(plan.contains("SEARCH g USING INDEX sqlite_autoindex_user_groups_1 (pool_id=? AND name"), "{plan}");
    }
}

fn const_format(sql: &str) -> &'static str {
    format!("EXPLAIN QUERY PLAN {sql}").leak()
}

both! {
    async fn sec_089_a_name_belongs_to_one_user(f: Fixture) {
        seed(&f.db, &["a", "b"]).await;
        let claims = race(f, 60, |db, number| async move {
            let row = name("p", "x@example.com", "email", if number % 3 == 0 { "a" } else { "b" });
            w!(db, |tx| sign_in_names::claim(tx, &row).await)
        }).await;
        assert_eq!(claims.iter().filter(|r| **r == Ok(true)).count(), 1);
        assert_eq!(claims.iter().filter(|r| **r == Ok(false)).count(), 59);
        let owner = r!(f.db, |tx| sign_in_names::get(tx, "p", "x@example.com").await).unwrap().sub;
        let (from, to) = if owner == "a" { ("a", "b") } else { ("b", "a") };
        assert_eq!(r!(f.db, |tx| users::by_sign_in_name(tx, "p", "x@example.com").await).unwrap().sub, from);
        let moves = race(f, 20, |db, _| {
            let (from, to) = (from.to_owned(), to.to_owned());
            async move { w!(db, |tx| sign_in_names::transfer(tx, "p", "x@example.com", "email", &from, &to).await) }
        }).await;
        assert_eq!(moves.iter().filter(|r| **r == Ok(true)).count(), 1);
        let wrong_kind = w!(f.db, |tx| sign_in_names::transfer(tx, "p", "x@example.com", "username", to, from).await);
        assert_eq!(wrong_kind, Ok(false));
        assert_eq!(r!(f.db, |tx| users::by_sign_in_name(tx, "p", "x@example.com").await).unwrap().sub, to);
        assert_eq!(r!(f.db, |tx| users::by_sign_in_name(tx, "q", "x@example.com").await), None);
    }
}

both! {
    async fn names_are_given_up_one_by_one_by_kind_and_with_the_user(f: Fixture) {
        seed(&f.db, &["a", "b"]).await;
        w!(f.db, |tx| {
            for (text, kind) in [("al", "username"), ("a1@x", "email"), ("a2@x", "email"), ("+1", "phone_number")] {
                assert!(sign_in_names::claim(tx, &name("p", text, kind, "a")).await?);
            }
            Ok(())
        }).unwrap();
        assert_eq!(w!(f.db, |tx| sign_in_names::claim(tx, &name("p", "z", "email", "none")).await), Err(Error::Reference));
        assert_eq!(w!(f.db, |tx| sign_in_names::release(tx, "p", "b", "al").await), Ok(false), "not b's");
        assert_eq!(w!(f.db, |tx| sign_in_names::release(tx, "p", "a", "al").await), Ok(true));
        assert_eq!(w!(f.db, |tx| sign_in_names::release_kind(tx, "p", "a", "email").await), Ok(2));
        assert_eq!(r!(f.db, |tx| sign_in_names::of_user(tx, "p", "a").await), [name("p", "+1", "phone_number", "a")]);
        w!(f.db, |tx| users::delete(tx, "p", "a").await).unwrap();
        assert_eq!(r!(f.db, |tx| sign_in_names::get(tx, "p", "+1").await), None);
    }
}

both! {
    async fn groups_live_and_order_by_precedence(f: Fixture) {
        seed(&f.db, &["a", "b", "c"]).await;
        w!(f.db, |tx| {
            for (name, precedence) in [("none2", None), ("five", Some(5)), ("none1", None), ("zero", Some(0)), ("alsofive", Some(5))] {
                groups::insert(tx, &group("p", name, precedence)).await?;
                assert!(groups::add_member(tx, "p", name, "a", NOW).await?);
            }
            assert!(!groups::add_member(tx, "p", "five", "a", NOW).await?, "already in");
            groups::add_member(tx, "p", "five", "c", NOW).await?;
            groups::add_member(tx, "p", "five", "b", NOW).await
        }).unwrap();
        assert!(is_unique(w!(f.db, |tx| groups::insert(tx, &group("p", "five", None)).await), "user_groups(pool_id, name)"));
        assert_eq!(w!(f.db, |tx| groups::add_member(tx, "p", "nope", "a", NOW).await), Err(Error::Reference));
        assert_eq!(w!(f.db, |tx| groups::add_member(tx, "p", "five", "nope", NOW).await), Err(Error::Reference));
        let names = |rows: Vec<groups::GroupRow>| rows.into_iter().map(|row| row.name).collect::<Vec<_>>();
        assert_eq!(names(r!(f.db, |tx| groups::of_user(tx, "p", "a").await)), ["zero", "alsofive", "five", "none1", "none2"]);
        assert_eq!(names(r!(f.db, |tx| groups::of_user_page(tx, "p", "a", "five", 2).await)), ["none1", "none2"]);
        assert_eq!(names(r!(f.db, |tx| groups::list(tx, "p", "", 2).await)), ["alsofive", "five"]);
        assert_eq!(names(r!(f.db, |tx| groups::list(tx, "p", "none2", 9).await)), ["zero"]);
        assert_eq!(subs(r!(f.db, |tx| groups::members(tx, "p", "five", "", 2).await)), ["a", "b"]);
        assert_eq!(r!(f.db, |tx| groups::members(tx, "p", "five", "b", 9).await), [user("p", "c")]);

        let changed = groups::GroupRow { description: Some("d".into()), role_arn: Some("arn".into()), ..group("p", "five", None) };
        let row = changed.clone();
        assert_eq!(w!(f.db, |tx| groups::update(tx, &row).await), Ok(true));
        assert_eq!(w!(f.db, |tx| groups::update(tx, &group("p", "nope", None)).await), Ok(false));
        assert_eq!(r!(f.db, |tx| groups::get(tx, "p", "five").await), Some(changed));
        assert_eq!(w!(f.db, |tx| groups::remove_member(tx, "p", "five", "b").await), Ok(true));
        assert_eq!(w!(f.db, |tx| groups::remove_member(tx, "p", "five", "b").await), Ok(false));
        w!(f.db, |tx| users::delete(tx, "p", "c").await).unwrap();
        assert_eq!(subs(r!(f.db, |tx| groups::members(tx, "p", "five", "", 9).await)), ["a"]);
        assert_eq!(w!(f.db, |tx| groups::delete(tx, "p", "five").await), Ok(true));
        assert_eq!(w!(f.db, |tx| groups::delete(tx, "p", "five").await), Ok(false));
        assert_eq!(r!(f.db, |tx| groups::get(tx, "p", "five").await), None);
        assert_eq!(r!(f.db, |tx| groups::of_user(tx, "p", "a").await).len(), 4);
    }
}

both! {
    async fn sec_152_a_refused_sign_up_leaves_nothing(f: Fixture) {
        seed(&f.db, &["a"]).await;
        w!(f.db, |tx| sign_in_names::claim(tx, &name("p", "taken", "username", "a")).await).unwrap();
        let refused = w!(f.db, |tx| {
            users::insert(tx, &user("p", "new")).await?;
            codes::put(tx, &code("p", "new", "sign_up", b"m")).await?;
            if !sign_in_names::claim(tx, &name("p", "taken", "username", "new")).await? {
                return Err(Error::NoRow);
            }
            Ok(())
        });
        assert_eq!(refused, Err(Error::NoRow));
        assert_eq!(r!(f.db, |tx| users::get(tx, "p", "new").await), None);
        assert_eq!(r!(f.db, |tx| codes::get(tx, "p", "new", "sign_up").await), None);
    }
}
