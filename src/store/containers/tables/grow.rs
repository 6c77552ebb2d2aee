//! Growing a table: into the spare elements of its array, or into a longer array.

use super::Table;
use crate::error::{Error, Result};
use crate::heap::GcRef;
use crate::roots::Handle;
use crate::store::Store;
use crate::store::objects::{Value, element_at};
use crate::store::protocol::{Attempt, Stop};
use crate::types::{Storage, Type};

impl Store {
    /// Appends `delta` elements that are all `init`. Returns the old size. May collect;
    /// finalizers are queued. On an error the table is unchanged.
    ///
    /// Errors: as [`Store::resolve_table`]; as [`Store::resolve_init`]; [`Error::Limit`];
    /// as [`Store::make_unrooted`].
    pub(crate) fn table_grow(&self, handle: Handle, delta: u64, init: Handle) -> Attempt<u64> {
        let found = self.resolve_table(handle, "table")?;
        let check = || self.resolve_init(&found.table, delta, init);
        check()?;
        let size = found.table.grown(delta)?;
        if u64::from(size) > found.length {
            self.lengthen_array(handle, &found.table, size, &check)?;
        }
        let mut grown = self.resolve_table(handle, "table")?;
        let before = grown.table.size.into();
        self.cold.borrow_mut().fill_values(
            self,
            &grown.table.element,
            grown.array,
            grown.at(before),
            delta,
            Value::Ref(check()?),
        )?;
        grown.table.size = size;
        self.tables
            .set(handle, GcRef::from_offset(grown.array), grown.table);
        Ok(before)
    }

    /// Gives a table an array for at least `size` elements. Tries shorter arrays when
    /// there is no room for longer ones (OBJECTS-14).
    ///
    /// Errors: as [`Store::replace_array`].
    fn lengthen_array(
        &self,
        handle: Handle,
        table: &Table,
        size: u32,
        check: &impl Fn() -> Result<GcRef>,
    ) -> Attempt<()> {
        let of = self.types.kept(table.array_type)?;
        let mut outcome = Ok(());
        for length in table.array_lengths(size) {
            outcome = self.replace_array(handle, &of, length, check);
            // An attempt that asks the host something is repeated as a whole.
            if !matches!(outcome, Err(Stop::Refused(error)) if is_lack_of_room(error)) {
                break;
            }
        }
        outcome
    }

    /// Gives a table an array of this length, and copies the table's elements to it.
    ///
    /// Errors: as [`Store::make_unrooted`].
    fn replace_array(
        &self,
        handle: Handle,
        of: &Type,
        length: u32,
        check: &impl Fn() -> Result<GcRef>,
    ) -> Attempt<()> {
        let array = self.make_array(of, length, || Ok(()), check)?;
        // Resolved again, because a collection may have moved the old array.
        let old = self.resolve_table(handle, "table")?;
        let to = element_at(array.offset(), Storage::Ref, 0);
        let count = old.table.size.into();
        self.cold.borrow_mut().copy_values(
            self,
            Storage::Ref,
            old.at(0),
            array.offset(),
            to,
            count,
        )?;
        self.tables.set(handle, array, old.table);
        Ok(())
    }
}

/// Whether a shorter array might not have been refused.
fn is_lack_of_room(error: Error) -> bool {
    matches!(
        error,
        Error::HeapLimit { .. }
            | Error::GrowthRefused { .. }
            | Error::NoGc { .. }
            | Error::SystemMemory { .. }
            | Error::Mappings { .. }
            | Error::Overhead { .. }
    )
}
