//! What a PUT would change of a table's columns: matched as the server matches them (contract §3.4).

use std::collections::{HashMap, HashSet};

use super::{DiffOptions, EntityDiff, FieldChange, Outcome, Principal, tags};
use crate::model::path::fold;
use crate::openmetadata::entity::{CreateColumn, StoredColumn, TagLabel};
use crate::sync::same_text::is_same_text;

/// Where columns stand: at the top of a table or inside others.
#[derive(Clone, Copy)]
pub(super) struct Level<'a> {
    /// The field under which differences are told.
    pub(super) prefix: &'a str,
    /// Stored names of the columns around, outermost first.
    pub(super) names: &'a [String],
}

/// Diffs one level of columns: matched without case, as the server does (contract §3.4).
pub(super) fn columns(
    diff: &mut EntityDiff,
    level: Level<'_>,
    ours: &mut [CreateColumn],
    stored: &[StoredColumn],
    options: DiffOptions,
) {
    let by_name: HashMap<String, &StoredColumn> =
        stored.iter().map(|column| (fold(&column.name), column)).collect();
    let mut matched = HashSet::new();
    for column in ours.iter_mut() {
        let key = fold(&column.name);
        let field = format!("{}.{}", level.prefix, column.name);
        match by_name.get(&key) {
            None => diff.push(field, None, column.data_type_display.clone()),
            Some(old) => {
                matched.insert(key);
                let names = [level.names, std::slice::from_ref(&old.name)].concat();
                let level = Level { prefix: &field, names: &names };
                self::column(diff, level, column, old, options);
            }
        }
    }
    for column in stored.iter().filter(|column| !matched.contains(&fold(&column.name))) {
        diff.touches_columns = true;
        if let Some(text) = column.description.as_deref().filter(|text| !text.is_empty()) {
            diff.warnings
                .push(format!("column {} goes, and with it its description: {text}", column.name));
        }
        let old = column.data_type_display.clone().or_else(|| Some(column.data_type.clone()));
        diff.push(format!("{}.{}", level.prefix, column.name), old, None);
    }
    let order = |names: Vec<&str>| names.iter().map(|name| fold(name)).collect::<Vec<_>>();
    let old_order = order(stored.iter().map(|column| column.name.as_str()).collect());
    let new_order = order(ours.iter().map(|column| column.name.as_str()).collect());
    let same_members = old_order.len() == new_order.len() && matched.len() == new_order.len();
    if same_members && old_order != new_order {
        diff.push_unnoticed(
            format!("{}.order", level.prefix),
            Some(old_order.join(", ")),
            Some(new_order.join(", ")),
        );
    }
}

fn column(
    diff: &mut EntityDiff,
    level: Level<'_>,
    ours: &mut CreateColumn,
    old: &StoredColumn,
    options: DiffOptions,
) {
    let field = level.prefix;
    if ours.name != old.name {
        diff.touches_columns = true;
        diff.push_unnoticed(
            format!("{field}.name"),
            Some(old.name.clone()),
            Some(ours.name.clone()),
        );
    }
    let array = |kind: &str, element: Option<&str>| match element {
        Some(element) => format!("{kind}<{element}>"),
        None => kind.to_owned(),
    };
    let old_type = array(&old.data_type, old.array_data_type.as_deref());
    let new_type = array(&ours.data_type, ours.array_data_type.as_deref());
    let same_type = old_type == new_type;
    if !same_type {
        // To the server this is one column deleted and another added (quirk 14).
        diff.touches_columns = true;
        let kept = own_tags(&old.tags);
        let has_kept = !kept.is_empty();
        let new = std::mem::take(&mut ours.tags);
        ours.tags = kept;
        for tag in new {
            if !ours.tags.iter().any(|kept| kept.tag_fqn == tag.tag_fqn) {
                ours.tags.push(tag);
            }
        }
        if has_kept {
            diff.warnings.push(format!(
                "column {} changes its type, which drops its tags; they are sent again",
                ours.name
            ));
        }
        diff.push(format!("{field}.dataType"), Some(old_type), Some(new_type));
    }
    let number = |value: Option<u32>| value.map(|value| value.to_string());
    let stored_number = |value: Option<i64>| value.map(|value| value.to_string());
    for (name, old, new) in [
        ("dataLength", stored_number(old.data_length), number(ours.data_length)),
        ("precision", stored_number(old.precision), number(ours.precision)),
        ("scale", stored_number(old.scale), number(ours.scale)),
    ] {
        if old != new {
            diff.push(format!("{field}.{name}"), old, new);
        }
    }
    let lower = |text: &Option<String>| text.as_deref().unwrap_or_default().to_lowercase();
    if lower(&old.data_type_display) != lower(&ours.data_type_display) {
        diff.push_unnoticed(
            format!("{field}.dataTypeDisplay"),
            old.data_type_display.clone(),
            ours.data_type_display.clone(),
        );
    }
    column_description(diff, level, ours, old, same_type, options);
    keep_words(ours, old);
    let is_named = old.display_name.as_deref().is_some_and(|name| !name.is_empty());
    if !is_named {
        diff.text(&format!("{field}.displayName"), None, ours.display_name.clone().as_deref());
    }
    tags(diff, &format!("{field}.tags"), &ours.tags, &old.tags);
    let empty = Vec::new();
    let old_children = old.children.as_ref().unwrap_or(&empty);
    match &mut ours.children {
        // Children of a column that had none are not noticed (contract §3.3).
        Some(children) if old_children.is_empty() && same_type => {
            for child in children {
                let name = format!("{field}.{}", child.name);
                diff.push_unnoticed(name, None, child.data_type_display.clone());
            }
        }
        Some(children) => columns(diff, level, children, old_children, options),
        None if !old_children.is_empty() && same_type => {
            diff.push(format!("{field}.children"), Some(old_children.len().to_string()), None);
        }
        None => {}
    }
}

/// A new description for a column; one that is there stays, unless it is to be replaced.
fn column_description(
    diff: &mut EntityDiff,
    level: Level<'_>,
    ours: &mut CreateColumn,
    old: &StoredColumn,
    same_type: bool,
    options: DiffOptions,
) {
    let Some(new) = ours.description.clone() else { return };
    let field = format!("{}.description", level.prefix);
    let Some(old) = old.description.clone().filter(|text| !text.trim().is_empty()) else {
        diff.push(field, None, Some(new));
        return;
    };
    if is_same_text(&new, &old, diff.sent_before) {
        ours.description = Some(old);
        return;
    }
    let outcome = match (options.overwrite_descriptions, options.principal) {
        (true, Principal::User) => {
            diff.compared = true;
            Outcome::Written
        }
        (true, Principal::Bot) => {
            // With another type it is a new column to the server, which takes the text we send.
            if same_type {
                let patch = diff.description_patch.get_or_insert_default();
                patch.columns.push((level.names.to_vec(), new.clone()));
            }
            Outcome::Written
        }
        (false, Principal::Bot) => Outcome::KeptByServer,
        (false, Principal::User) => Outcome::KeptForPeople,
    };
    if outcome != Outcome::Written {
        ours.description = Some(old.clone());
    }
    diff.changes.push(FieldChange { field, old: Some(old), new: Some(new), outcome });
}

/// What people wrote on a column is sent back: a user's PUT would clear it otherwise (quirk 4).
fn keep_words(ours: &mut CreateColumn, old: &StoredColumn) {
    if ours.description.is_none() {
        ours.description = old.description.clone().filter(|text| !text.is_empty());
    }
    if let Some(name) = old.display_name.clone().filter(|name| !name.is_empty()) {
        ours.display_name = Some(name);
    }
}

fn own_tags(tags: &[TagLabel]) -> Vec<TagLabel> {
    tags.iter().filter(|tag| tag.label_type != "Derived").cloned().collect()
}

/// A stored column as it is sent back when Dremio does not tell us the columns.
pub(super) fn resend(stored: &StoredColumn) -> CreateColumn {
    let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
    CreateColumn {
        name: stored.name.clone(),
        data_type: stored.data_type.clone(),
        display_name: stored.display_name.clone().filter(|text| !text.is_empty()),
        description: stored.description.clone().filter(|text| !text.is_empty()),
        data_length: number(stored.data_length),
        precision: number(stored.precision),
        scale: number(stored.scale),
        data_type_display: stored.data_type_display.clone(),
        array_data_type: stored.array_data_type.clone(),
        children: stored.children.as_ref().map(|children| children.iter().map(resend).collect()),
        ordinal_position: number(stored.ordinal_position),
        tags: own_tags(&stored.tags),
    }
}
