//! Reads the modules of a crate: what each defines, imports and names.

use std::collections::{BTreeMap, HashSet};

use crate::tokens::tokens;

/// The modules of a crate by their paths: `crate`, `crate::a`, `crate::a::b`.
pub(crate) type Modules = BTreeMap<String, Module>;

/// One module, without what is compiled for tests only.
#[derive(Default)]
pub(crate) struct Module {
    /// The file, relative to the root of the project.
    pub(crate) file: String,
    /// The items that the module defines, and its child modules.
    pub(crate) items: HashSet<String>,
    pub(crate) children: HashSet<String>,
    pub(crate) uses: Vec<Use>,
    /// The paths of two or more names outside `use` declarations.
    pub(crate) paths: HashSet<Vec<String>>,
    /// The names outside `use` declarations, without names after `.` and `fn`.
    pub(crate) words: HashSet<String>,
}

/// One name of a `use` declaration.
pub(crate) struct Use {
    pub(crate) path: Vec<String>,
    /// The name in the importing module.
    pub(crate) name: String,
    /// Whether the declaration also exports the name.
    pub(crate) exports: bool,
}

/// Reads the crate with the root file `src/lib.rs`. `read` returns the text of a file, or
/// `None` if there is no such file.
pub(crate) fn modules(read: &dyn Fn(&str) -> Option<String>) -> Modules {
    let mut modules = Modules::new();
    let mut files = vec![("crate".to_owned(), "src/lib.rs".to_owned())];
    while let Some((path, file)) = files.pop() {
        let text = read(&file).unwrap_or_else(|| panic!("{file} is missing"));
        let tokens = tokens(&text);
        let mut reader = Reader {
            tokens: &tokens,
            at: 0,
            file: &file,
            modules: &mut modules,
            files_of_children: Vec::new(),
        };
        reader.module(path);
        for child in reader.files_of_children {
            let candidates = files_of(&child, &file);
            let found = candidates.into_iter().find(|file| read(file).is_some());
            let found = found.unwrap_or_else(|| panic!("{child} has no file"));
            files.push((child, found));
        }
    }
    modules
}

/// Where the file of the module `child` may be, which `parent` declares.
fn files_of(child: &str, parent: &str) -> [String; 2] {
    let folder = parent
        .strip_suffix("/mod.rs")
        .or_else(|| parent.strip_suffix("/lib.rs"))
        .unwrap_or_else(|| parent.strip_suffix(".rs").unwrap());
    let name = child.rsplit("::").next().unwrap();
    [
        format!("{folder}/{name}.rs"),
        format!("{folder}/{name}/mod.rs"),
    ]
}

struct Reader<'a> {
    tokens: &'a [String],
    at: usize,
    file: &'a str,
    modules: &'a mut Modules,
    /// The paths of the modules that are declared with `mod name;`.
    files_of_children: Vec<String>,
}

impl Reader<'_> {
    fn token(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", String::as_str)
    }

    fn is(&self, expected: &[&str]) -> bool {
        (0..)
            .zip(expected)
            .all(|(ahead, token)| self.token(ahead) == *token)
    }

    /// Reads a module up to its closing brace or the end of the file.
    fn module(&mut self, path: String) {
        let mut module = Module {
            file: self.file.to_owned(),
            ..Module::default()
        };
        let mut depth = 0;
        while self.at < self.tokens.len() {
            if self.is(&["#", "[", "cfg", "(", "test", ")", "]"]) {
                self.skip_item();
                continue;
            }
            let next = self.token(1).to_owned();
            match self.token(0) {
                "}" if depth == 0 => break,
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                "use" => {
                    let exports =
                        self.at > 0 && [")", "pub"].contains(&self.tokens[self.at - 1].as_str());
                    self.at += 1;
                    self.use_tree(&[], exports, &mut module.uses);
                    continue;
                }
                "mod" if depth == 0 => {
                    self.child(format!("{path}::{next}"));
                    module.children.insert(next);
                }
                "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static"
                    if depth == 0 && is_name(&next) =>
                {
                    module.items.insert(next);
                }
                _ => self.name(&mut module),
            }
            self.at += 1;
        }
        self.modules.insert(path, module);
    }

    /// Reads the declaration of a child module, up to its semicolon or closing brace.
    fn child(&mut self, path: String) {
        self.at += 2;
        if self.token(0) == "{" {
            self.at += 1;
            self.module(path);
        } else {
            self.files_of_children.push(path);
        }
    }

    /// Reads a name, or a path up to its last name.
    fn name(&mut self, module: &mut Module) {
        if !is_name(self.token(0)) {
            return;
        }
        let before = self.at.checked_sub(1).map_or("", |at| &self.tokens[at]);
        let starts = ![".", "fn", "::"].contains(&before);
        let mut path = vec![self.token(0).to_owned()];
        while self.token(1) == "::" && is_name(self.token(2)) {
            path.push(self.token(2).to_owned());
            self.at += 2;
        }
        if starts {
            module.words.insert(path[0].clone());
            if path.len() > 1 {
                module.paths.insert(path);
            }
        }
    }

    /// Reads `a::{b, c as d}` and adds a [`Use`] for each name. Ends after the tree.
    fn use_tree(&mut self, before: &[String], exports: bool, uses: &mut Vec<Use>) {
        let mut path = before.to_vec();
        loop {
            match self.token(0) {
                "{" => {
                    self.at += 1;
                    while self.token(0) != "}" {
                        self.use_tree(&path, exports, uses);
                        if self.token(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "*" => panic!(
                    "{}: import names instead of `{}::*`",
                    self.file,
                    path.join("::")
                ),
                "self" if !path.is_empty() => {}
                name => path.push(name.to_owned()),
            }
            self.at += 1;
            if self.token(0) != "::" {
                break;
            }
            self.at += 1;
        }
        let mut name = path.last().unwrap().clone();
        if self.token(0) == "as" {
            name = self.token(1).to_owned();
            self.at += 2;
        }
        uses.push(Use {
            path,
            name,
            exports,
        });
    }

    /// Skips the item at an attribute: up to a semicolon, or to the end of its braces.
    fn skip_item(&mut self) {
        let mut depth = 0;
        while self.at < self.tokens.len() {
            let token = self.token(0).to_owned();
            self.at += 1;
            match token.as_str() {
                "{" | "(" | "[" => depth += 1,
                "}" | ")" | "]" => depth -= 1,
                _ => {}
            }
            if depth == 0 && (token == ";" || token == "}") {
                return;
            }
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_') && token != "_"
}
