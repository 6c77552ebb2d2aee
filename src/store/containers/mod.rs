//! Containers: weak maps, tables and globals. They have handles of their own and records
//! outside the heap; what tables and globals hold is in hidden objects in the heap.

pub(in crate::store) mod globals;
pub(in crate::store) mod tables;
pub(in crate::store) mod weak_maps;
