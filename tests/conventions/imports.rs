//! Finds which file imports what from which other file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use crate::modules::{Modules, Use};

/// What a path names.
enum Named {
    /// The path of a module.
    Module(String),
    /// An item, and the file that defines it.
    Item(String),
    /// Something in another crate, or a local name.
    Outside,
}

/// Follows `path` from a module to where its first item is defined, through `mod` and `use`.
/// `None` if a module of the path does not have the next name.
fn resolve(modules: &Modules, module: &str, path: &[String]) -> Option<Named> {
    resolve_within(modules, module, path, 20)
}

/// [`resolve`], following at most `steps` imports.
fn resolve_within(modules: &Modules, module: &str, path: &[String], steps: u32) -> Option<Named> {
    let mut at = module.to_owned();
    for (position, name) in path.iter().enumerate() {
        let last = position + 1 == path.len();
        match name.as_str() {
            "crate" => "crate".clone_into(&mut at),
            "self" => {}
            "super" => at.truncate(at.rfind("::")?),
            name => match name_in(modules, &at, name, last, steps) {
                Some(Named::Module(path)) => at = path,
                None if position == 0 => return Some(Named::Outside),
                found => return found,
            },
        }
    }
    Some(Named::Module(at))
}

/// What `name` is in a module. One name may be both a module and an item: the `last` name of
/// a path is the item, the others are the module.
fn name_in(modules: &Modules, module: &str, name: &str, last: bool, steps: u32) -> Option<Named> {
    let here = &modules[module];
    let (is_child, is_item) = (here.children.contains(name), here.items.contains(name));
    let child = || is_child.then(|| Named::Module(format!("{module}::{name}")));
    let item = || is_item.then(|| Named::Item(here.file.clone()));
    let import = || {
        let mut imports = here.uses.iter().filter(|import| import.name == name);
        let steps = steps.checked_sub(1)?;
        imports.find_map(|import| resolve_within(modules, module, &import.path, steps))
    };
    match last {
        true => item().or_else(import).or_else(child),
        false => child().or_else(import).or_else(item),
    }
}

/// One import: the file `from` names something that the file `to` defines.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Import {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The path as it is written.
    pub(crate) path: String,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Import { from, to, path } = self;
        write!(f, "{from} imports {path} from {to}")
    }
}

/// The imports between different files, sorted, each once. A re-export is an import if the
/// module itself names what it exports.
pub(crate) fn imports(modules: &Modules) -> Vec<Import> {
    let mut imports = Vec::new();
    for (name, module) in modules {
        let used = |used: &&Use| !used.exports || module.words.contains(&used.name);
        let uses = module.uses.iter().filter(used).map(|used| &used.path);
        for path in uses.chain(&module.paths) {
            match resolve(modules, name, path) {
                Some(Named::Item(to)) if to != module.file => imports.push(Import {
                    from: module.file.clone(),
                    to,
                    path: path.join("::"),
                }),
                None => panic!("{}: {} is not found", module.file, path.join("::")),
                _ => {}
            }
        }
    }
    imports.sort();
    imports.dedup();
    imports
}

/// Groups of files that import each other, directly or not: the strongly connected
/// components of at least two files, sorted.
pub(crate) fn circles(imports: &[Import]) -> Vec<Vec<String>> {
    let mut targets: HashMap<&str, Vec<&str>> = HashMap::new();
    for import in imports {
        targets.entry(&import.from).or_default().push(&import.to);
    }
    let reached_from = |start: &str| {
        let mut reached = HashSet::new();
        let mut waiting = vec![start];
        while let Some(file) = waiting.pop() {
            for target in targets.get(file).into_iter().flatten() {
                if reached.insert(*target) {
                    waiting.push(target);
                }
            }
        }
        reached
    };
    let reached = targets.keys().map(|file| (*file, reached_from(file)));
    let reached: BTreeMap<_, _> = reached.collect();
    let reaches = |from: &str, to: &str| reached.get(from).is_some_and(|files| files.contains(to));
    let mut circles = Vec::new();
    for (file, others) in &reached {
        let circle = others.iter().filter(|other| reaches(other, file));
        let mut circle: Vec<_> = circle.map(|other| (*other).to_owned()).collect();
        circle.sort();
        if !circle.is_empty() && !circles.contains(&circle) {
            circles.push(circle);
        }
    }
    circles
}
