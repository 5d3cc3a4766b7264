//! Fully qualified names as the server joins them and takes them apart (contract §2.7).
//!
//! Not the client's code, on purpose: a server that shared it could not contradict it.

/// A name as a part of a fully qualified name: in quotes if and only if it holds a dot. One that
/// is in quotes already without need loses them.
pub fn quote(name: &str) -> String {
    let bare = unwrapped(name);
    if bare.contains('.') { format!("\"{bare}\"") } else { bare.to_owned() }
}

fn unwrapped(name: &str) -> &str {
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)
}

/// The fully qualified name of what is called `name` below `parent`.
pub fn below(parent: &str, name: &str) -> String {
    [parent, &quote(name)].join(".")
}

/// The names in a fully qualified name, without quotes; or what is wrong with it.
pub fn split(fqn: &str) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    let mut rest = fqn;
    loop {
        let (name, tail) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let end = closing_quote(quoted).ok_or_else(|| format!("open quote in {fqn}"))?;
                (quoted[..end].replace("\"\"", "\""), &quoted[end + 1..])
            }
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        let is_bare = !rest.starts_with('"');
        if name.is_empty() || (is_bare && name.contains('"')) {
            return Err(format!("Invalid fully qualified name {fqn}"));
        }
        names.push(name);
        rest = match tail.strip_prefix('.') {
            Some(next) => next,
            None if tail.is_empty() => return Ok(names),
            None => return Err(format!("Invalid fully qualified name {fqn}")),
        };
    }
}

/// Where the quote ends that was opened before `text`; two in a row are one inside it.
fn closing_quote(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find('"')?;
        if text[at + 1..].starts_with('"') {
            from = at + 2;
        } else {
            return Some(at);
        }
    }
}

/// The one spelling under which an entity is stored: needless quotes are gone.
pub fn canonical(fqn: &str) -> Result<String, String> {
    let parts: Vec<String> = split(fqn)?.iter().map(|name| quote(name)).collect();
    Ok(parts.join("."))
}
