//! Tables: their arguments, the predicted results, and the calls. The elements of a table
//! are in a hidden array. A root that programs cannot name keeps it alive. If there is
//! little room, a table grows by less than usual, so the model knows only bounds of the
//! array's length.

use gcroots::capi::reference::gcroots_ref_t;
use gcroots::capi::status::*;
use gcroots::capi::table::*;

use super::action::{Action, Handle, Named, Planner, RefTypeArgument, Wanted};
use super::library::{Library, Status, Written, done};
use super::model::{Body, Model, Reference, RootState, Value, array_bytes, values_of};
use super::pointers::Pointer;
use super::predict::{Answer, Predicted, Prediction, TOO_LONG, require_range};
use super::program::Call;
use super::types::{Heap, RefType, Storage, is_storage_subtype};

/// A call with its arguments.
#[derive(Clone, Debug)]
pub(crate) enum TableAction {
    New {
        element: RefTypeArgument,
        size: usize,
        maximum: usize,
        init: Handle,
    },
    Get(Named, usize),
    GetInto(Named, usize, Handle),
    Set(Named, usize, Handle),
    Size(Named),
    Type(Named),
    Grow(Named, usize, Handle),
    Fill(Named, usize, Handle, usize),
    Copy {
        to: (Named, usize),
        from: (Named, usize),
        count: usize,
    },
    Free(Named),
}

/// A table of the model.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) element: RefType,
    pub(crate) maximum: usize,
    /// The root of the hidden array.
    pub(crate) root: usize,
    /// The least and the greatest possible length of the hidden array.
    capacity: (usize, usize),
    /// Whether a call is growing the table. Nobody else may then look at it.
    growing: bool,
    pub(crate) freed: bool,
}

/// The change of a table by a call that makes its array, if the call succeeds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengthened {
    pub(crate) table: usize,
    /// The root of the new array.
    pub(crate) root: usize,
    pub(crate) bytes: usize,
    capacity: (usize, usize),
    /// Whether the old array may have had room, so that the new one may not exist.
    maybe: bool,
    /// For a table that existed before, its size, which the call returns.
    pub(crate) before: Option<usize>,
}

/// Element types. Frequent ones are listed several times.
const ELEMENTS: [Heap; 11] = [
    Heap::Every,
    Heap::Any,
    Heap::Any,
    Heap::Extern,
    Heap::Type(0),
    Heap::Type(1),
    Heap::Eq,
    Heap::Exn,
    Heap::Func,
    Heap::Array,
    Heap::I31,
];

impl TableAction {
    pub(crate) fn pointers(&self) -> Vec<Pointer> {
        match self {
            TableAction::New { element, .. } if matches!(element.heap, Ok(Heap::Type(_))) => {
                vec![Pointer::Store, Pointer::Type, Pointer::Out]
            }
            TableAction::New { .. }
            | TableAction::Get(..)
            | TableAction::Size(_)
            | TableAction::Type(_)
            | TableAction::Grow(..) => vec![Pointer::Store, Pointer::Out],
            TableAction::Free(_) => vec![Pointer::Store, Pointer::Table],
            _ => vec![Pointer::Store],
        }
    }

    /// The initial element of a call that allocates.
    pub(crate) fn init(&self) -> Option<Handle> {
        match self {
            TableAction::New { init, .. } | TableAction::Grow(_, _, init) => Some(*init),
            _ => None,
        }
    }
}

impl Model {
    /// Whether a table exists and no call is growing it.
    fn has_table(&self, table: usize) -> bool {
        let Table { root, growing, .. } = self.tables[table];
        self.roots[root].state == RootState::Held && !growing
    }

    pub(crate) fn tables_in_use(&self) -> Vec<usize> {
        let all = 0..self.tables.len();
        all.filter(|table| self.has_table(*table)).collect()
    }

    pub(crate) fn elements(&self, table: usize) -> &[Value] {
        values_of(&self.nodes[self.held_node(self.tables[table].root)].body)
    }

    fn elements_mut(&mut self, table: usize) -> &mut Vec<Value> {
        let node = self.held_node(self.tables[table].root);
        match &mut self.nodes[node].body {
            Body::Hidden { values, .. } => values,
            other => unreachable!("{other:?}"),
        }
    }

    /// A call has succeeded that made the array of a table.
    pub(crate) fn lengthen(&mut self, made: Lengthened) {
        let Lengthened { root, capacity, .. } = made;
        let old = std::mem::replace(&mut self.tables[made.table].root, root);
        if made.before.is_some() {
            self.let_go(old);
            let node = self.held_node(old);
            self.nodes[node].maybe = made.maybe;
        }
        let table = &mut self.tables[made.table];
        (table.growing, table.capacity) = (false, capacity);
        self.hold(root, array_bytes(capacity.0), array_bytes(capacity.1));
    }

    /// A call has failed that should make the array of a table.
    pub(crate) fn stay(&mut self, made: Lengthened) {
        self.tables[made.table].growing = false;
    }
}

impl Planner<'_> {
    pub(crate) fn plan_table(&mut self, call: Call) -> Action {
        // Growing makes another array, and ends queued roots, unless the old one is long enough,
        // which the model does not know.
        if matches!(call, Call::TableGrow) && !self.model.leaving.is_empty() {
            return Action::DrainUnroots;
        }
        Action::Table(match call {
            Call::TableNew => self.table_new(),
            Call::TableCopy => self.table_copy(),
            _ => {
                let table = self.table();
                match call {
                    Call::TableGet => TableAction::Get(table, self.table_index(table)),
                    Call::TableGetInto => {
                        let index = self.table_index(table);
                        TableAction::GetInto(table, index, self.scoped())
                    }
                    Call::TableSet => {
                        let index = self.table_index(table);
                        TableAction::Set(table, index, self.element(table))
                    }
                    Call::TableSize => TableAction::Size(table),
                    Call::TableType => TableAction::Type(table),
                    Call::TableGrow => {
                        let delta = if self.draw.one_in(8) {
                            self.length()
                        } else {
                            self.draw.below(5)
                        };
                        TableAction::Grow(table, delta, self.element(table))
                    }
                    Call::TableFill => {
                        let index = self.table_index(table);
                        let count = self.table_count(table);
                        TableAction::Fill(table, index, self.element(table), count)
                    }
                    _ => TableAction::Free(table),
                }
            }
        })
    }

    fn table_new(&mut self) -> TableAction {
        let element = if self.draw.one_in(4) {
            self.ref_type()
        } else {
            RefTypeArgument {
                heap: Ok(self.draw.among(&ELEMENTS)),
                nullable: !self.draw.one_in(4),
                other_engine: self.draw.one_in(40),
            }
        };
        let size = self.length();
        let maximum = match self.draw.below(8) {
            0 => size.saturating_add(self.draw.below(4)),
            1 => size.saturating_sub(self.draw.below(2)),
            2 => size.saturating_mul(2),
            _ => usize::MAX,
        };
        let init = match element.heap {
            Ok(heap) => self.fitting(RefType {
                heap,
                nullable: element.nullable,
            }),
            Err(_) => Handle::Null,
        };
        TableAction::New {
            element,
            size,
            maximum,
            init,
        }
    }

    fn table_copy(&mut self) -> TableAction {
        let to = self.table();
        let from = if self.draw.one_in(2) {
            to
        } else {
            self.table()
        };
        TableAction::Copy {
            to: (to, self.table_index(to)),
            from: (from, self.table_index(from)),
            count: self.table_count(to),
        }
    }

    /// Draws a value for an element. Sometimes it is null, if null is allowed.
    fn element(&mut self, table: Named) -> Handle {
        match table {
            Named::Own(table) => self.fitting(self.model.tables[table].element),
            _ => self.handle(Wanted::Anything),
        }
    }

    fn fitting(&mut self, of: RefType) -> Handle {
        if of.nullable && self.draw.one_in(6) {
            return Handle::Null;
        }
        self.handle(Wanted::Fitting(of))
    }

    fn table(&mut self) -> Named {
        let there = self.model.tables_in_use();
        let freed = |table: &usize| self.model.tables[*table].freed;
        let freed: Vec<_> = (0..self.model.tables.len()).filter(freed).collect();
        self.container(&there, &freed)
    }

    /// Draws a table or global from `there`. Rarely draws a freed or an invalid one.
    pub(crate) fn container(&mut self, there: &[usize], freed: &[usize]) -> Named {
        match self.draw.below(60) {
            0 => Named::Foreign,
            1 => Named::Null,
            2 => Named::Forged,
            3 | 4 if !freed.is_empty() => Named::Own(self.draw.among(freed)),
            _ if there.is_empty() => Named::Null,
            _ => Named::Own(self.draw.among(there)),
        }
    }

    fn table_length(&self, table: Named) -> usize {
        match table {
            Named::Own(table) if self.model.has_table(table) => self.model.elements(table).len(),
            _ => 0,
        }
    }

    fn table_index(&mut self, table: Named) -> usize {
        let length = self.table_length(table);
        self.index_below(length)
    }

    fn table_count(&mut self, table: Named) -> usize {
        let length = self.table_length(table);
        self.count_of(length)
    }
}

impl Prediction<'_> {
    pub(crate) fn tables(&mut self, action: &TableAction) -> Predicted {
        match *action {
            TableAction::New { .. } => self.table_new(action),
            TableAction::Get(table, index) => {
                let table = self.table_named(table)?;
                match self.model.elements(table).get(index) {
                    Some(Value::Ref(target)) => Ok(self.rooted(*target)),
                    _ => Err(GCROOTS_ERROR_OUT_OF_BOUNDS),
                }
            }
            TableAction::GetInto(table, index, to) => {
                let table = self.table_named(table)?;
                let root = self.scoped_root(to)?;
                match self.model.elements(table).get(index) {
                    Some(value) => self.assign(root, *value),
                    None => Err(GCROOTS_ERROR_OUT_OF_BOUNDS),
                }
            }
            TableAction::Set(table, index, value) => self.table_fill(table, index, value, 1),
            TableAction::Size(table) => {
                let table = self.table_named(table)?;
                Ok(Answer::Number(self.model.elements(table).len() as u64))
            }
            TableAction::Type(table) => Ok(Answer::TableType(self.table_named(table)?)),
            TableAction::Grow(table, delta, init) => self.table_grow(table, delta, init),
            TableAction::Fill(table, index, value, count) => {
                self.table_fill(table, index, value, count)
            }
            TableAction::Copy { to, from, count } => self.table_copy(to, from, count),
            TableAction::Free(Named::Null) => Ok(Answer::Nothing),
            TableAction::Free(table) => {
                let table = self.table_named(table)?;
                self.model.let_go(self.model.tables[table].root);
                self.model.tables[table].freed = true;
                Ok(Answer::Nothing)
            }
        }
    }

    fn table_named(&self, table: Named) -> Predicted<usize> {
        match table {
            Named::Null => Err(GCROOTS_ERROR_NULL_REFERENCE),
            Named::Foreign => Err(GCROOTS_ERROR_WRONG_STORE),
            Named::Own(table) if !self.model.tables[table].freed => Ok(table),
            Named::Own(_) | Named::Forged => Err(GCROOTS_ERROR_UNROOTED),
        }
    }

    fn element_of(&self, of: RefType, value: Handle) -> Predicted<Value> {
        let target = self.resolve(value)?;
        if target == Reference::Null && !of.nullable {
            return Err(GCROOTS_ERROR_NULL_REFERENCE);
        }
        match self.model.admits(of, target) {
            true => Ok(Value::Ref(target)),
            false => Err(GCROOTS_ERROR_TYPE_MISMATCH),
        }
    }

    /// The initial element. If `count` is 0, null is valid for any element type.
    fn initial(&self, of: RefType, count: usize, value: Handle) -> Predicted<Value> {
        if count == 0 && self.resolve(value)? == Reference::Null {
            return Ok(Value::Ref(Reference::Null));
        }
        self.element_of(of, value)
    }

    fn table_new(&mut self, action: &TableAction) -> Predicted {
        let &TableAction::New {
            element,
            size,
            maximum,
            init,
        } = action
        else {
            unreachable!("{action:?}")
        };
        let of = RefType {
            heap: element.heap.map_err(|_| GCROOTS_ERROR_INVALID_ARGUMENT)?,
            nullable: element.nullable,
        };
        if size > maximum {
            return Err(GCROOTS_ERROR_INVALID_ARGUMENT);
        }
        if element.other_engine && matches!(of.heap, Heap::Type(_)) {
            return Err(GCROOTS_ERROR_WRONG_ENGINE);
        }
        let init = self.initial(of, size, init)?;
        self.require_length(size)?;
        let (root, bytes) = self.hidden(vec![init; size], array_bytes(size));
        self.model.tables.push(Table {
            element: of,
            maximum,
            root,
            capacity: (size, size),
            growing: false,
            freed: false,
        });
        Ok(Answer::Lengthened(Lengthened {
            table: self.model.tables.len() - 1,
            root,
            bytes,
            capacity: (size, size),
            maybe: false,
            before: None,
        }))
    }

    fn require_length(&self, length: usize) -> Predicted<()> {
        if length >= TOO_LONG {
            return Err(GCROOTS_ERROR_LIMIT);
        }
        if length * Storage::Ref(ANY).bytes() > self.heap_limit {
            return Err(GCROOTS_ERROR_OUT_OF_MEMORY);
        }
        Ok(())
    }

    fn table_grow(&mut self, table: Named, delta: usize, init: Handle) -> Predicted {
        let table = self.table_named(table)?;
        let Table {
            element,
            maximum,
            capacity,
            ..
        } = self.model.tables[table];
        let init = self.initial(element, delta, init)?;
        let before = self.model.elements(table).len();
        let size = before.saturating_add(delta);
        if size > maximum {
            return Err(GCROOTS_ERROR_LIMIT);
        }
        if size <= capacity.0 {
            self.model.elements_mut(table).resize(size, init);
            return Ok(Answer::Number(before as u64));
        }
        self.require_length(size)?;
        let mut values = self.model.elements(table).to_vec();
        values.resize(size, init);
        let (root, bytes) = self.hidden(values, array_bytes(size));
        self.model.tables[table].growing = true;
        let longest = size.max((2 * before).min(maximum));
        let maybe = size <= capacity.1;
        let longest = if maybe {
            longest.max(capacity.1)
        } else {
            longest
        };
        Ok(Answer::Lengthened(Lengthened {
            table,
            root,
            bytes,
            capacity: (size, longest),
            maybe,
            before: Some(before),
        }))
    }

    fn table_fill(&mut self, table: Named, at: usize, value: Handle, count: usize) -> Predicted {
        let table = self.table_named(table)?;
        let value = self.element_of(self.model.tables[table].element, value)?;
        let elements = self.model.elements_mut(table);
        require_range(at, count, elements.len())?;
        elements[at..at + count].fill(value);
        Ok(Answer::Nothing)
    }

    fn table_copy(&mut self, to: (Named, usize), from: (Named, usize), count: usize) -> Predicted {
        let target = self.table_named(to.0)?;
        let source = self.table_named(from.0)?;
        let of = |table: usize| Storage::Ref(self.model.tables[table].element);
        if !is_storage_subtype(of(source), of(target)) {
            return Err(GCROOTS_ERROR_TYPE_MISMATCH);
        }
        require_range(to.1, count, self.model.elements(target).len())?;
        require_range(from.1, count, self.model.elements(source).len())?;
        let values = self.model.elements(source)[from.1..from.1 + count].to_vec();
        self.model.elements_mut(target)[to.1..to.1 + count].copy_from_slice(&values);
        Ok(Answer::Nothing)
    }
}

const ANY: RefType = RefType {
    heap: Heap::Any,
    nullable: true,
};

impl Library {
    fn table(&self, table: Named) -> gcroots_table_t {
        let none = gcroots_table_t {
            store_id: 0,
            generation: 7,
            index: 7,
        };
        match table {
            Named::Null => none,
            Named::Own(table) => self.bits.borrow().tables[table],
            Named::Foreign => self.foreign.table,
            // The bits of a global do not name a table.
            Named::Forged => match self.bits.borrow().globals.last() {
                Some(global) => gcroots_table_t {
                    store_id: self.store_id,
                    generation: global.generation,
                    index: global.index,
                },
                None => gcroots_table_t {
                    store_id: self.store_id,
                    index: u32::MAX,
                    ..none
                },
            },
        }
    }

    pub(crate) fn tables(&self, action: &TableAction) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread.
        unsafe {
            match *action {
                TableAction::New {
                    element,
                    size,
                    maximum,
                    init,
                } => {
                    let (element, init) = (self.ref_type(element), self.handle(init));
                    let (size, most) = (size as u64, maximum as u64);
                    self.with_out(|out| gcroots_table_new(store, element, size, most, init, out))
                        .map(Written::Table)
                }
                TableAction::Get(table, index) => {
                    self.table_get(self.table(table), index).map(Written::Ref)
                }
                TableAction::GetInto(table, index, to) => {
                    let (table, to) = (self.table(table), self.handle(to));
                    done(gcroots_table_get_ref_into(store, table, index as u64, to))
                }
                TableAction::Set(table, index, value) => {
                    let (table, value) = (self.table(table), self.handle(value));
                    done(gcroots_table_set(store, table, index as u64, value))
                }
                TableAction::Size(table) => self.table_size(self.table(table)).map(Written::Number),
                TableAction::Type(table) => {
                    let table = self.table(table);
                    self.with_out(|out| gcroots_table_type(store, table, out))
                        .map(Written::TableType)
                }
                TableAction::Grow(table, delta, init) => {
                    let (table, init) = (self.table(table), self.handle(init));
                    self.with_out(|out| gcroots_table_grow(store, table, delta as u64, init, out))
                        .map(Written::Number)
                }
                TableAction::Fill(table, index, value, count) => {
                    let (table, value) = (self.table(table), self.handle(value));
                    let (index, count) = (index as u64, count as u64);
                    done(gcroots_table_fill(store, table, index, value, count))
                }
                TableAction::Copy { to, from, count } => done(gcroots_table_copy(
                    store,
                    self.table(to.0),
                    to.1 as u64,
                    self.table(from.0),
                    from.1 as u64,
                    count as u64,
                )),
                TableAction::Free(table) => {
                    let passed = self.table(table);
                    let mut taken = passed;
                    let table = self.passed(Pointer::Table, &mut taken);
                    let freed = done(gcroots_table_free(store, table));
                    self.check_freed(freed, taken.store_id == 0, taken == passed)
                }
            }
        }
    }

    pub(crate) fn table_get(&self, table: gcroots_table_t, index: usize) -> Status<gcroots_ref_t> {
        // SAFETY: the store is alive and belongs to this thread.
        self.with_out(|out| unsafe { gcroots_table_get(self.store(), table, index as u64, out) })
    }

    pub(crate) fn table_size(&self, table: gcroots_table_t) -> Status<u64> {
        // SAFETY: the store is alive and belongs to this thread.
        self.with_out(|out| unsafe { gcroots_table_size(self.store(), table, out) })
    }
}
