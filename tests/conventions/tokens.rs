//! Splits Rust source into words and punctuation.

/// The words of `text` (identifiers and keywords), `::`, and every other punctuation
/// character by itself. Comments, literals and lifetimes are left out.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut rest = text;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let skipped = skipped_bytes(rest);
        if skipped > 0 {
            rest = &rest[skipped..];
            continue;
        }
        let length = match first {
            _ if rest.starts_with("::") => 2,
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        tokens.push(rest[..length].to_owned());
        rest = &rest[length..];
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the space, comment, literal or lifetime at the start of `text`; 0 if it
/// starts with something else.
fn skipped_bytes(text: &str) -> usize {
    let first = text.chars().next().unwrap_or(' ');
    if first.is_whitespace() {
        first.len_utf8()
    } else if text.starts_with("//") {
        text.find('\n').unwrap_or(text.len())
    } else if text.starts_with("/*") {
        block_comment(text)
    } else if first == '\'' {
        character_or_lifetime(text)
    } else if first.is_ascii_digit() {
        text.find(|c| !is_word(c)).unwrap_or(text.len())
    } else {
        string(text)
    }
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    for (at, _) in text.char_indices() {
        if text[at..].starts_with("/*") {
            depth += 1;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            if depth == 0 {
                return at + 2;
            }
        }
    }
    text.len()
}

fn character_or_lifetime(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    let (_, inner) = characters.next().unwrap();
    if inner == '\\' {
        // The character after the backslash may be a quote.
        characters.next();
        let (end, _) = characters.find(|(_, c)| *c == '\'').unwrap();
        return end + 1;
    }
    match characters.next() {
        Some((end, '\'')) => end + 1,
        _ => 1 + text[1..].find(|c| !is_word(c)).unwrap(),
    }
}

/// The length of a string literal of any kind, or 0.
fn string(text: &str) -> usize {
    let prefix = ["", "b", "c", "r", "br", "cr"].into_iter().find(|prefix| {
        let rest = text.strip_prefix(prefix);
        let rest = rest.map(|rest| match prefix.ends_with('r') {
            true => rest.trim_start_matches('#'),
            false => rest,
        });
        rest.is_some_and(|rest| rest.starts_with('"'))
    });
    let Some(prefix) = prefix else { return 0 };
    let quote = text.find('"').unwrap();
    if prefix.ends_with('r') {
        let end = format!("\"{}", &text[prefix.len()..quote]);
        let length = text[quote + 1..].find(&end).unwrap();
        return quote + 1 + length + end.len();
    }
    let mut escaped = false;
    for (at, c) in text[quote + 1..].char_indices() {
        match c {
            '"' if !escaped => return quote + 1 + at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

#[test]
fn comments_literals_and_lifetimes_are_left_out() {
    let text = r####"
        a /* b /* c */ d */ :: e // f
        'g' '\'' '\\' 'h: &'i "j \" k" b"l" r"m\" r#"n " o"# 'p'.q 1_000u64 r
    "####;
    assert_eq!(tokens(text), ["a", "::", "e", ":", "&", ".", "q", "r"]);
}
