//! Adds attributes to the declarations of the header, as macros after the parameters.
//!
//! They follow from the documentation and the types of the parameters, so each fact stands
//! once. A function whose documentation does not say whether it collects is an error.

use anyhow::{Context, Result, bail};

/// The columns of the header.
const WIDTH: usize = 90;

/// A parameter of a function.
struct Parameter<'a> {
    kind: &'a str,
    name: &'a str,
    /// What the documentation says, as one line. Empty if it says nothing.
    text: String,
}

/// Adds attributes to the declarations in the output of cbindgen.
pub(crate) fn add(section: &str) -> Result<String> {
    // Each item is a comment and the code up to the next comment.
    let mut items = section.split("/**");
    let mut text = items.next().unwrap_or_default().to_owned();
    for item in items {
        let (comment, code) = item.split_once("*/").context("a comment without an end")?;
        text.push_str(&format!("/**{comment}*/"));
        match code.split_once(';') {
            Some((declaration, rest)) if code.starts_with("\nGCROOTS_API") => {
                let attributes = attributes(comment, declaration)
                    .with_context(|| format!("the attributes of{declaration}"))?;
                text.push_str(&format!("{declaration}{};{rest}", lines(&attributes)));
            }
            _ => text.push_str(code),
        }
    }
    Ok(text)
}

fn attributes(comment: &str, declaration: &str) -> Result<Vec<String>> {
    let (before, rest) = declaration.split_once('(').context("no parameters")?;
    let (list, _) = rest.rsplit_once(')').context("no end of the parameters")?;
    let name = before.rsplit([' ', '*', '\n']).next().context("no name")?;
    let comment = one_line(comment);
    let parameters: Vec<_> = list
        .split(',')
        .map(str::trim)
        .filter(|&parameter| parameter != "void")
        .map(|parameter| Parameter::new(parameter, &comment))
        .collect::<Result<_>>()?;
    let mut attributes = vec![collects(&comment)?.to_owned()];
    attributes.extend(nonnull(&parameters));
    attributes.extend(access(&parameters)?);
    attributes.extend(owner(name, &parameters));
    Ok(attributes)
}

impl<'a> Parameter<'a> {
    fn new(declaration: &'a str, comment: &str) -> Result<Self> {
        let name = declaration.rsplit([' ', '*']).next().context("no name")?;
        let kind = declaration.strip_suffix(name).context("no type")?.trim();
        let text = comment.split("\\param").skip(1).find_map(|part| {
            let part = part.split("\\return").next()?;
            let part = match part.strip_prefix('[') {
                Some(direction) => direction.split_once(']')?.1,
                None => part,
            };
            let (word, text) = part.trim_start().split_once(' ')?;
            (word == name).then(|| text.to_owned())
        });
        Ok(Self {
            kind,
            name,
            text: text.unwrap_or_default(),
        })
    }

    fn is_pointer(&self) -> bool {
        let functions = ["callback_t", "finalizer_t", "visitor_t"];
        self.kind.contains('*') || functions.iter().any(|end| self.kind.ends_with(end))
    }

    /// Whether NULL is allowed, always or for an empty array.
    fn is_nullable(&self) -> bool {
        self.name.ends_with("_or_null") || self.text.contains("nullable")
    }

    /// The name of the parameter that counts the elements of this array.
    fn count(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("nullable if `")?;
        rest.split('`').next()
    }
}

/// A comment without the asterisks, as one line.
fn one_line(comment: &str) -> String {
    let words = comment.split_whitespace().filter(|&word| word != "*");
    words.collect::<Vec<_>>().join(" ")
}

fn collects(comment: &str) -> Result<&'static str> {
    match (
        comment.contains("May collect"),
        comment.contains("Never collects"),
    ) {
        (true, false) => Ok("GCROOTS_MAY_COLLECT"),
        (false, true) => Ok("GCROOTS_NEVER_COLLECTS"),
        _ => bail!("the documentation must say either \"May collect\" or \"Never collects\""),
    }
}

/// The parameters that must not be NULL, by number.
fn nonnull(parameters: &[Parameter]) -> Option<String> {
    let numbers: Vec<_> = (1..)
        .zip(parameters)
        .filter(|(_, parameter)| parameter.is_pointer() && !parameter.is_nullable())
        .map(|(number, _)| number.to_string())
        .collect();
    (!numbers.is_empty()).then(|| format!("GCROOTS_NONNULL({})", numbers.join(", ")))
}

/// The arrays, and the parameters that count their elements. An array of `void` has elements
/// whose size the compiler does not know.
fn access(parameters: &[Parameter]) -> Result<Vec<String>> {
    let mut arrays = Vec::new();
    for (number, array) in (1..).zip(parameters) {
        let Some(count) = array.count() else { continue };
        let count = (1..)
            .zip(parameters)
            .find(|(_, parameter)| parameter.name == count);
        let (count, _) = count.with_context(|| format!("no count of `{}`", array.name))?;
        let mode = match array.kind {
            "void *" | "const void *" => continue,
            kind if kind.starts_with("const ") => "read_only",
            _ => "write_only",
        };
        arrays.push(format!("GCROOTS_ACCESS({mode}, {number}, {count})"));
    }
    Ok(arrays)
}

/// What the call needs of the store's owner, or does to it.
fn owner(name: &str, parameters: &[Parameter]) -> Option<String> {
    parameters.iter().find_map(|parameter| {
        let kind = match (name, parameter.kind) {
            (_, "gcroots_store_t **") => return Some("GCROOTS_ACQUIRES_STORE(*out)".to_owned()),
            ("gcroots_store_attach", "gcroots_store_t *") => "ACQUIRES",
            ("gcroots_store_detach" | "gcroots_store_free", "gcroots_store_t *") => "RELEASES",
            (_, "gcroots_store_t *") => "REQUIRES",
            _ => return None,
        };
        Some(format!("GCROOTS_{kind}_STORE({})", parameter.name))
    })
}

/// The attributes on lines of their own, after the declaration.
fn lines(attributes: &[String]) -> String {
    let mut text = String::new();
    let mut column = WIDTH;
    for attribute in attributes {
        // The space before it, and the semicolon that may follow.
        if column + attribute.len() + 2 > WIDTH {
            text.push_str("\n   ");
            column = 3;
        }
        text.push_str(&format!(" {attribute}"));
        column += attribute.len() + 1;
    }
    text
}
