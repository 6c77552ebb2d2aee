//! Checks that imports point down, from higher to lower floors, and go in no circles.

use std::fs;

use crate::imports::{Import, circles, imports};
use crate::modules::modules;
use crate::page::{contains, paths, rows, section};
use crate::root;

const PAGE: &str = "docs/design/README.md";

/// The rooms, and the imports that need not point down.
struct Layers {
    rooms: Vec<Room>,
    exceptions: Vec<Exception>,
}

/// The files in a folder, or one file. A file belongs to the room with the longest path.
struct Room {
    floor: u32,
    path: String,
}

/// Two files or folders: files of the first may import from the second.
struct Exception {
    from: String,
    to: String,
}

impl Layers {
    /// The rooms and exceptions that the design lists.
    fn read() -> Layers {
        let rooms = rows(&section(PAGE, "Rooms and floors")).into_iter();
        let rooms = rooms.map(|cells| Room {
            floor: cells[0].parse().unwrap(),
            path: paths(&cells[1]).remove(0),
        });
        let rows = rows(&section(PAGE, "Exceptions"));
        let mut exceptions = Vec::new();
        for cells in rows {
            for from in paths(&cells[0]) {
                let to = paths(&cells[1]).into_iter();
                exceptions.extend(to.map(|to| Exception {
                    from: from.clone(),
                    to,
                }));
            }
        }
        Layers {
            rooms: rooms.collect(),
            exceptions,
        }
    }

    fn room_of(&self, file: &str) -> &Room {
        let rooms = self.rooms.iter().filter(|room| contains(&room.path, file));
        let room = rooms.max_by_key(|room| room.path.len());
        room.unwrap_or_else(|| panic!("{file} is in no room: see {PAGE}"))
    }

    /// The imports between rooms that do not point down, and the circles between files.
    fn faults(&self, imports: &[Import]) -> Vec<String> {
        let excepted = |import: &&Import| {
            let covers =
                |e: &Exception| contains(&e.from, &import.from) && contains(&e.to, &import.to);
            self.exceptions.iter().any(covers)
        };
        let imports: Vec<_> = imports.iter().filter(|i| !excepted(i)).cloned().collect();
        let wrong_way = imports.iter().filter_map(|import| self.wrong_way(import));
        let circles = circles(&imports)
            .into_iter()
            .map(|circle| in_circle(&circle, &imports));
        wrong_way.chain(circles).collect()
    }

    fn wrong_way(&self, import: &Import) -> Option<String> {
        let (from, to) = (self.room_of(&import.from), self.room_of(&import.to));
        let allowed = from.path == to.path || from.floor > to.floor;
        (!allowed).then(|| {
            format!(
                "{import}: {} (floor {}) is not above {} (floor {})",
                from.path, from.floor, to.path, to.floor
            )
        })
    }
}

/// Describes a circle by its imports, one for each pair of files.
fn in_circle(circle: &[String], imports: &[Import]) -> String {
    let inside = |import: &&Import| circle.contains(&import.from) && circle.contains(&import.to);
    let mut inside: Vec<_> = imports.iter().filter(inside).collect();
    inside.dedup_by_key(|import| (&import.from, &import.to));
    let lines = inside.iter().map(|import| format!("\n  {import}"));
    format!(
        "{} files import each other:{}",
        circle.len(),
        lines.collect::<String>()
    )
}

fn imports_of_the_library() -> Vec<Import> {
    let read = |file: &str| fs::read_to_string(root().join(file)).ok();
    let imports = imports(&modules(&read));
    assert!(
        imports.len() > 2000,
        "only {} imports were found",
        imports.len()
    );
    imports
}

#[test]
fn imports_point_down_and_go_in_no_circles() {
    let faults = Layers::read().faults(&imports_of_the_library());
    assert!(
        faults.is_empty(),
        "{PAGE} has the floors\n{}",
        faults.join("\n")
    );
}

#[test]
fn each_room_has_files() {
    let layers = Layers::read();
    let imports = imports_of_the_library();
    for room in &layers.rooms {
        let mut files = imports.iter().flat_map(|import| [&import.from, &import.to]);
        let found = files.any(|file| layers.room_of(file).path == room.path);
        assert!(found, "{} has no files", room.path);
    }
}

#[test]
fn each_exception_is_needed() {
    let mut layers = Layers::read();
    let imports = imports_of_the_library();
    for at in 0..layers.exceptions.len() {
        let exception = layers.exceptions.remove(at);
        let needed = !layers.faults(&imports).is_empty();
        assert!(
            needed,
            "{} may import from {} for nothing",
            exception.from, exception.to
        );
        layers.exceptions.insert(at, exception);
    }
}

/// A small crate with two rooms: `high` may import from `low`. It has one import that
/// points up and one circle.
fn small_crate(file: &str) -> Option<String> {
    let text = match file {
        "src/lib.rs" => "mod high; mod low; pub use high::Top;",
        "src/low/mod.rs" => {
            "mod circle; mod up;
            pub(crate) use circle::{Circle, other as renamed};
            pub(crate) trait Base {}
            #[cfg(test)]
            mod tests { use crate::high::Top; }"
        }
        "src/low/circle.rs" => "use super::up::{self, Up}; pub(crate) fn other() { up::up() }",
        "src/low/up.rs" => {
            "// use crate::high::Commented;
            use {super::{circle}, core::fmt};
            pub(crate) struct Up; pub(crate) fn up() { circle::other(); crate::high::down::<u8>() }"
        }
        "src/high.rs" => {
            "use crate::low::{self, Base as Core, renamed};
            mod inner { use super::Top; use crate::low::Circle; }
            pub struct Top; pub(crate) fn down<T>() { low::renamed(\"crate::low::Missing\") }"
        }
        _ => return None,
    };
    // `circle.rs` has one more item, so that the text above stays short.
    let more = if file == "src/low/circle.rs" {
        "pub(crate) enum Circle {}"
    } else {
        ""
    };
    Some(format!("{text}\n{more}"))
}

#[test]
fn a_small_crate_has_these_imports() {
    let found = imports(&modules(&small_crate));
    let found: Vec<_> = found.iter().map(Import::to_string).collect();
    let expected = [
        "src/high.rs imports crate::low::Circle from src/low/circle.rs",
        "src/high.rs imports crate::low::renamed from src/low/circle.rs",
        "src/high.rs imports low::renamed from src/low/circle.rs",
        "src/high.rs imports crate::low::Base from src/low/mod.rs",
        "src/low/circle.rs imports super::up::Up from src/low/up.rs",
        "src/low/circle.rs imports up::up from src/low/up.rs",
        "src/low/up.rs imports crate::high::down from src/high.rs",
        "src/low/up.rs imports circle::other from src/low/circle.rs",
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_import_that_points_up_and_a_circle_are_found() {
    let room = |floor, path: &str| Room {
        floor,
        path: path.to_owned(),
    };
    let exception = |from: &str, to: &str| Exception {
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let mut layers = Layers {
        rooms: vec![room(2, "src/high.rs"), room(1, "src/low")],
        exceptions: vec![exception("src/low/up.rs", "src/low/circle.rs")],
    };
    let imports = imports(&modules(&small_crate));
    let up = "src/low/up.rs imports crate::high::down from src/high.rs: \
              src/low (floor 1) is not above src/high.rs (floor 2)";
    let through_high = "3 files import each other:\n  \
        src/high.rs imports crate::low::Circle from src/low/circle.rs\n  \
        src/low/circle.rs imports super::up::Up from src/low/up.rs\n  \
        src/low/up.rs imports crate::high::down from src/high.rs";
    assert_eq!(layers.faults(&imports), [up, through_high]);

    layers.rooms[0].floor = 1;
    assert_eq!(
        layers.faults(&imports).len(),
        6,
        "no room may import from a peer"
    );

    layers.rooms[0].floor = 2;
    layers.exceptions = vec![exception("src/low", "src/high.rs")];
    let circle = "2 files import each other:\n  \
        src/low/circle.rs imports super::up::Up from src/low/up.rs\n  \
        src/low/up.rs imports circle::other from src/low/circle.rs";
    assert_eq!(layers.faults(&imports), [circle]);

    layers
        .exceptions
        .push(exception("src/low/circle.rs", "src/low/up.rs"));
    assert!(layers.faults(&imports).is_empty());
}
