//! Compares everything reachable from the roots: each field of each object, and its value
//! in each weak map.

use std::collections::HashMap;

use gcroots::capi::arrays::*;
use gcroots::capi::casts::gcroots_ref_kind;
use gcroots::capi::exceptions::gcroots_exn_field;
use gcroots::capi::externref::gcroots_externref_data;
use gcroots::capi::func::gcroots_func_env;
use gcroots::capi::i31::{gcroots_i31_get_u, gcroots_i31_new};
use gcroots::capi::reference::gcroots_ref_t;
use gcroots::capi::scope::*;
use gcroots::capi::structs::gcroots_struct_get;
use gcroots::capi::value::gcroots_val_t;

use super::library::{Status, Written, with_out};
use super::model::{Body, Reference, Value};
use super::predict::{kind_of, memory_of};
use super::session::{Compared, Session, handle_in, same, succeeded};
use super::types::{Storage, TYPES};

/// A walk over a store.
struct Walk<'a> {
    session: &'a Session,
    /// A handle for each node that was reached.
    met: HashMap<usize, gcroots_ref_t>,
    /// The nodes whose fields are not compared yet.
    left: Vec<usize>,
}

impl Session {
    /// Compares everything reachable from live roots, in a scope of its own.
    pub(crate) fn walk(&self) -> Compared {
        let store = self.library.store;
        // SAFETY: the store is alive and belongs to this thread.
        let scope = succeeded(with_out(|out| unsafe { gcroots_scope_enter(store, out) }))?;
        let mut walk = Walk {
            session: self,
            met: HashMap::new(),
            left: Vec::new(),
        };
        walk.all()?;
        // SAFETY: the store is alive and belongs to this thread.
        same(&0, &unsafe { gcroots_scope_exit(store, scope) })
    }
}

impl Walk<'_> {
    fn all(&mut self) -> Compared {
        let model = self.session.model.borrow();
        for root in &model.live {
            let bits = self.session.library.bits.borrow().roots[*root];
            self.meet(model.roots[*root].target, bits)
                .map_err(|what| format!("root {root}: {what}"))?;
        }
        self.tables()?;
        self.globals()?;
        self.ranges()?;
        self.values_of_i31s()?;
        while let Some(node) = self.left.pop() {
            let handle = self.met[&node];
            self.object(&model.nodes[node].body, handle)
                .map_err(|what| format!("node {node}: {what}"))?;
            self.mapped(Reference::Node(node), handle)?;
        }
        Ok(())
    }

    fn tables(&mut self) -> Compared {
        let (model, library) = (self.session.model.borrow(), &self.session.library);
        for table in model.tables_in_use() {
            let bits = library.bits.borrow().tables[table];
            let values = model.elements(table);
            same(
                &(values.len() as u64),
                &succeeded(library.table_size(bits))?,
            )?;
            for (index, value) in values.iter().enumerate() {
                let found = succeeded(library.table_get(bits, index))?;
                self.element(*value, found)
                    .map_err(|what| format!("element {index} of table {table}: {what}"))?;
            }
        }
        Ok(())
    }

    fn globals(&mut self) -> Compared {
        let (model, library) = (self.session.model.borrow(), &self.session.library);
        for global in model.globals_in_use() {
            let bits = library.bits.borrow().globals[global];
            let found = succeeded(library.global_get(bits))?;
            self.value(model.global_value(global), found)
                .map_err(|what| format!("global {global}: {what}"))?;
        }
        Ok(())
    }

    fn ranges(&mut self) -> Compared {
        let (model, library) = (self.session.model.borrow(), &self.session.library);
        for range in model.ranges_in_use() {
            for (slot, target) in model.range_slots(range) {
                let bits = library.slots.borrow()[range].read(slot);
                let found = succeeded(library.root_raw(bits))?;
                self.element(Value::Ref(target), found)
                    .map_err(|what| format!("slot {slot} of range {range}: {what}"))?;
            }
        }
        Ok(())
    }

    fn element(&mut self, value: Value, found: gcroots_ref_t) -> Compared {
        let Value::Ref(target) = value else {
            return Err(format!("{value:?} in a table"));
        };
        same(&(target == Reference::Null), &(found.store_id == 0))?;
        self.meet(target, found)
    }

    /// Compares the values of i31 keys in weak maps. These keys never die.
    fn values_of_i31s(&mut self) -> Compared {
        let model = self.session.model.borrow();
        for key in model.maps_in_use().flat_map(|(_, map)| map.entries.keys()) {
            if let Reference::I31(bits) = *key {
                let store = self.session.library.store;
                // SAFETY: the store is alive and belongs to this thread, here and below.
                let made = with_out(|out| unsafe { gcroots_i31_new(store, bits as i32, out) });
                self.mapped(*key, succeeded(made)?)?;
            }
        }
        Ok(())
    }

    /// Compares the value of a key in each weak map. Most maps have none.
    fn mapped(&mut self, key: Reference, handle: gcroots_ref_t) -> Compared {
        let model = self.session.model.borrow();
        for (number, map) in model.maps_in_use() {
            let value = map.entries.get(&key).copied().unwrap_or(Reference::Null);
            let bits = self.session.library.bits.borrow().maps[number];
            let found = succeeded(self.session.library.map_get(bits, handle))?;
            self.meet(value, found)
                .map_err(|what| format!("{key:?} in map {number}: {what}"))?;
        }
        Ok(())
    }

    /// Compares the referent of a handle with the model. A new node is compared later.
    fn meet(&mut self, target: Reference, handle: gcroots_ref_t) -> Compared {
        let store = self.session.library.store;
        // SAFETY: the store is alive and belongs to this thread.
        let kind = with_out(|out| unsafe { gcroots_ref_kind(store, handle, out) });
        same(
            &kind_of(&self.session.model.borrow(), target),
            &succeeded(kind)?,
        )?;
        let node = match target {
            Reference::Null => return Ok(()),
            Reference::I31(bits) => {
                // SAFETY: the store is alive and belongs to this thread.
                let read = with_out(|out| unsafe { gcroots_i31_get_u(store, handle, out) });
                return same(&bits, &succeeded(read)?);
            }
            Reference::Node(node) => node,
        };
        if let Some(before) = self.met.get(&node) {
            let equal = succeeded(self.session.library.equal(*before, handle))?;
            return same(&true, &equal).map_err(|_| format!("not the same as node {node}"));
        }
        self.met.insert(node, handle);
        self.left.push(node);
        Ok(())
    }

    fn object(&mut self, body: &Body, handle: gcroots_ref_t) -> Compared {
        let store = self.session.library.store;
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match body {
                Body::Extern { data, .. } => {
                    let read = with_out(|out| gcroots_externref_data(store, handle, out));
                    same(data, &(succeeded(read)?.addr() as u64))
                }
                Body::Struct { fields, .. } => self.values(fields, |index| {
                    with_out(|out| gcroots_struct_get(store, handle, index, out))
                }),
                Body::Exn { fields, .. } => self.values(fields, |index| {
                    with_out(|out| gcroots_exn_field(store, handle, index, out))
                }),
                Body::Func { data, .. } => {
                    let callback = self.session.library.callback(true);
                    let read = with_out(|out| gcroots_func_env(store, handle, callback, out));
                    same(data, &(succeeded(read)?.addr() as u64))
                }
                Body::Hidden { .. } => Err("a handle of a hidden object".into()),
                Body::Array { of, elements } => {
                    let length = with_out(|out| gcroots_array_len(store, handle, out));
                    same(&elements.len(), &succeeded(length)?)?;
                    let storage = TYPES[*of].fields[0].storage;
                    if let Storage::Ref(_) = storage {
                        return self.values(elements, |index| {
                            with_out(|out| gcroots_array_get(store, handle, index, out))
                        });
                    }
                    self.numbers(storage, elements, handle)
                }
            }
        }
    }

    fn values(
        &mut self,
        values: &[Value],
        read: impl Fn(usize) -> Status<gcroots_val_t>,
    ) -> Compared {
        for (index, value) in values.iter().enumerate() {
            let found = succeeded(read(index))?;
            self.value(*value, found)
                .map_err(|what| format!("field {index}: {what}"))?;
        }
        Ok(())
    }

    fn value(&mut self, value: Value, found: gcroots_val_t) -> Compared {
        match value {
            // Null is compared as null. A field never returns the handle of a local.
            Value::Ref(_) => self.element(value, handle_in(found)?),
            value => self.session.compare_value(value, found),
        }
    }

    fn numbers(&self, storage: Storage, elements: &[Value], handle: gcroots_ref_t) -> Compared {
        let library = &self.session.library;
        let written = succeeded(library.array_read(handle, 0, elements.len()))?;
        let Written::Bytes(found) = written else {
            return Err("no bytes".into());
        };
        let expected = elements.iter().flat_map(|value| memory_of(storage, *value));
        let expected: Vec<_> = expected.collect();
        same(&expected[..], &found[..expected.len()])
    }
}
