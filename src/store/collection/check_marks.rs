//! The check of a cycle's marks, when marking has ended: that each object which the roots reach
//! has a mark.
//!
//! It traces from nothing, as a collection that stops the program does, and needs memory for one
//! bit for each granule of the heap. It serves tests: it runs where freed memory is filled with a
//! pattern, and in debug builds. An object that it finds without a mark was stored without the
//! barrier, or a root was not seen.

use crate::base::fallible;
use crate::error::{Error, Result};
use crate::heap::{GcHeap, GcRef, ObjectHeader, ObjectStartBits, PlausibleObjects};
use crate::store::{Cold, Store};

/// The objects that the check has reached.
struct Reached {
    bits: ObjectStartBits,
    /// Those whose references are still to be followed.
    gray: Vec<GcRef>,
}

impl Reached {
    /// Adds the object that a reference leads to, if it is none that was reached.
    fn add(&mut self, heap: &dyn GcHeap, reference: GcRef) -> Result<()> {
        if !reference.is_object() || !self.bits.add(reference) {
            return Ok(());
        }
        if heap.is_unswept(reference) {
            return Err(Error::internal(
                "an object without a mark that is alive",
                reference.raw().into(),
            ));
        }
        fallible::push(&mut self.gray, reference)
    }
}

impl Cold {
    /// Checks the marks, unless there is no memory for the check. No object is young, and the root
    /// visitors have reported.
    ///
    /// Errors: [`Error::Internal`]; [`Error::BadSlot`] if a slot of a root range refers to no
    /// object, or to one without a mark: the program may have written it and not lowered
    /// `unchanged`.
    pub(super) fn check_marks(&self, store: &Store) -> Result<()> {
        if !cfg!(debug_assertions) && !store.engine.config().poisons() {
            return Ok(());
        }
        match self.trace_again(store) {
            Err(Error::SystemMemory { .. }) => Ok(()),
            checked => checked,
        }
    }

    fn trace_again(&self, store: &Store) -> Result<()> {
        let Some(heap) = self.heap.as_deref() else {
            return Ok(());
        };
        let mut reached = Reached {
            bits: ObjectStartBits::within(heap.bounds(&store.mutator))?,
            gray: Vec::new(),
        };
        let roots = store.lifo.span().iter().chain(store.manual.span());
        let roots = roots.chain(store.pins.span());
        let roots = roots.chain(store.tables.span()).chain(store.globals.span());
        for slot in roots.chain([&store.pending]) {
            reached.add(heap, GcRef::from_raw(slot.reference.get()))?;
        }
        self.reach_from_ranges(store, heap, &mut reached)?;
        loop {
            self.follow(heap, &mut reached)?;
            for (key, value) in self.weak_maps.pairs() {
                // An `i31` is a valid key, and never dies.
                if reached.bits.is_valid(key) {
                    reached.add(heap, value)?;
                }
            }
            if reached.gray.is_empty() {
                return Ok(());
            }
        }
    }

    /// Adds what the slots of root ranges refer to.
    fn reach_from_ranges(
        &self,
        store: &Store,
        heap: &dyn GcHeap,
        reached: &mut Reached,
    ) -> Result<()> {
        let bounds = heap.bounds(&store.mutator);
        let objects = PlausibleObjects::new(heap.region(), bounds, &self.layouts);
        self.range_spans().try_for_each(|span| {
            let span = span?;
            span.try_each(|slot, bits| {
                let reference = GcRef::from_raw(bits.get());
                if !reference.is_object() {
                    return Ok(());
                }
                if heap.is_unswept(reference) || !objects.contains(reference) {
                    return Err(Error::BadSlot {
                        source: span.source,
                        slot: slot as u64,
                        bits: bits.get(),
                    });
                }
                reached.add(heap, reference)
            })
        })
    }

    /// Follows the references of objects until nothing new is reached.
    fn follow(&self, heap: &dyn GcHeap, reached: &mut Reached) -> Result<()> {
        let region = heap.region();
        while let Some(object) = reached.gray.pop() {
            let offset = object.offset();
            let header = ObjectHeader::from_bits(region.load_u64(offset)?);
            let measured = self.layouts.measure(region.view(), offset, header)?;
            measured.each_reference(|at| {
                reached.add(heap, GcRef::from_raw(region.load_u32(offset + at)?))
            })?;
        }
        Ok(())
    }
}
