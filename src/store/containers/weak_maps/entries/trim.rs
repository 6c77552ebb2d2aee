//! Giving back the memory of the entries.

use super::table::{Entries, Trimming};
use crate::base::place_index::PlaceIndex;
use crate::heap::{Budget, Progress};

impl Entries {
    /// Notes how much is in use. Called before a sweep removes entries.
    pub(super) fn note_use(&mut self) {
        let entries = self.entries.len();
        let (of_entries, of_keys) = (self.slots_for_entries(), self.slots_for_keys());
        self.trimming.entries.note(entries);
        self.trimming.values.note(entries);
        self.trimming.by_entry.note(of_entries);
        self.trimming.by_key.note(of_keys);
    }

    fn slots_for_entries(&self) -> usize {
        PlaceIndex::slots_for(self.by_entry.len())
    }

    fn slots_for_keys(&self) -> usize {
        PlaceIndex::slots_for(self.by_key.len())
    }

    /// Gives back memory after a sweep in a major collection, as far as the budget allows.
    pub(in crate::store::containers::weak_maps) fn trim(
        &mut self,
        budget: &mut Budget,
    ) -> Progress {
        while let Some(progress) = self.trim_next(budget) {
            if progress == Progress::Continue {
                return progress;
            }
            self.trimming.trimmed += 1;
        }
        self.trimming.trimmed = 0;
        Progress::Complete
    }

    /// Trims the next array or hash table. `None` if that was the last.
    fn trim_next(&mut self, budget: &mut Budget) -> Option<Progress> {
        let (of_entries, of_keys) = (self.slots_for_entries(), self.slots_for_keys());
        let (entries, maps) = (self.entries.len(), self.maps.len());
        let Trimming {
            trimmed,
            entries: of_array,
            values: of_values,
            maps: of_maps,
            by_entry,
            by_key,
        } = &mut self.trimming;
        Some(match trimmed {
            0 => of_array.end_major(&mut self.entries, entries, budget),
            1 => of_values.end_major(&mut self.values, entries, budget),
            2 => of_maps.end_major(&mut self.maps, maps, budget),
            3 => by_entry.end_major(self.by_entry.room(), of_entries, budget),
            4 => by_key.end_major(self.by_key.room(), of_keys, budget),
            _ => return None,
        })
    }
}
