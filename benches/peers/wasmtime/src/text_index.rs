//! An index of a text, in whose entries the lists of places are externrefs. The destructor of a list
//! stands for its finalizer.

use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::{
    ArrayRef, ArrayRefPre, ArrayType, Engine, ExternRef, FieldType, HeapType, Mutability,
    OwnedRooted, RefType, RootScope, Rooted, StorageType, Store, StructRef, StructRefPre,
    StructType, Val, ValType,
};

use crate::graph::array_type;
use crate::requests::Requests;
use crate::sizes::*;

/// The fields of an entry of a bucket.
const NEXT: usize = 0;
const PLACES: usize = 2;

static LISTS_MADE: AtomicU64 = AtomicU64::new(0);
static LISTS_ENDED: AtomicU64 = AtomicU64::new(0);

struct Places {
    word: u32,
    count: u32,
    last: [u32; 6],
}

impl Drop for Places {
    fn drop(&mut self) {
        LISTS_ENDED.fetch_add(1, Ordering::Relaxed);
    }
}

struct Index {
    store: Store<()>,
    entries: StructRefPre,
    bytes: ArrayRefPre,
    buckets: OwnedRooted<ArrayRef>,
}

type Scope<'a> = RootScope<&'a mut Store<()>>;

impl Index {
    fn new(engine: &Engine) -> Self {
        let field = |ty| {
            let ty = ValType::Ref(RefType::new(true, ty));
            FieldType::new(Mutability::Var, StorageType::ValType(ty))
        };
        let fields = [
            field(HeapType::Any),
            field(HeapType::Any),
            field(HeapType::Extern),
        ];
        let entry = StructType::new(engine, fields).expect("a valid type");
        let byte = FieldType::new(Mutability::Var, StorageType::I8);
        let mut store = Store::new(engine, ());
        let entries = StructRefPre::new(&mut store, entry);
        let bytes = ArrayRefPre::new(&mut store, ArrayType::new(engine, byte));
        let pre = ArrayRefPre::new(&mut store, array_type(engine));
        let buckets = {
            let mut scope = RootScope::new(&mut store);
            let buckets = ArrayRef::new(&mut scope, &pre, &Val::AnyRef(None), INDEX_BUCKETS);
            buckets
                .expect("room")
                .to_owned_rooted(&mut scope)
                .expect("a live root")
        };
        Self {
            store,
            entries,
            bytes,
            buckets,
        }
    }

    fn index_word(&mut self, word: u32, place: u32) {
        let bucket = word.wrapping_mul(2_654_435_761) % INDEX_BUCKETS;
        let mut scope = RootScope::new(&mut self.store);
        let buckets = self.buckets.to_rooted(&mut scope);
        let first = buckets.get(&mut scope, bucket).expect("an element");
        let mut entry = struct_of(first, &scope);
        while let Some(found) = entry {
            let list = found.field(&mut scope, PLACES).expect("a field");
            let list = *list.unwrap_externref().expect("a list");
            if places(&list, &scope).word == word {
                let list = new_list(&mut scope, Some(list), word, place);
                found.set_field(&mut scope, PLACES, list).expect("a field");
                return;
            }
            let next = found.field(&mut scope, NEXT).expect("a field");
            entry = struct_of(next, &scope);
        }
        let text = format!("word-{word}");
        let text = ArrayRef::new_from_i8_slice(&mut scope, &self.bytes, text.as_bytes());
        let text = Val::AnyRef(Some(text.expect("room").to_anyref()));
        let fields = [first, text, new_list(&mut scope, None, word, place)];
        let made = StructRef::new(&mut scope, &self.entries, &fields).expect("room");
        let made = Val::AnyRef(Some(made.to_anyref()));
        buckets.set(&mut scope, bucket, made).expect("an element");
    }
}

fn struct_of(value: Val, scope: &Scope<'_>) -> Option<Rooted<StructRef>> {
    Some(
        value
            .unwrap_anyref()?
            .unwrap_struct(scope)
            .expect("an entry"),
    )
}

fn places<'a>(list: &Rooted<ExternRef>, scope: &'a Scope<'_>) -> &'a Places {
    let data = list.data(scope).expect("a live root").expect("host data");
    data.downcast_ref().expect("a list")
}

/// A new list: the places of `before`, if there is one, and one more.
fn new_list(
    scope: &mut Scope<'_>,
    before: Option<Rooted<ExternRef>>,
    word: u32,
    place: u32,
) -> Val {
    let (mut count, mut last) = (0, [0; 6]);
    if let Some(before) = before {
        let before = places(&before, scope);
        (count, last) = (before.count, before.last);
    }
    last[count as usize % 6] = place;
    count += 1;
    LISTS_MADE.fetch_add(1, Ordering::Relaxed);
    let list = ExternRef::new(scope, Places { word, count, last }).expect("room");
    Val::ExternRef(Some(list))
}

pub fn text_index(engine: &Engine, requests: &mut Requests) -> u64 {
    let mut index = Index::new(engine);
    let mut random = Random::new();
    for place in 0..INDEX_WORDS {
        if place % REQUEST == 0 {
            requests.begin();
        }
        let bound = 1 + random.below(INDEX_VOCABULARY);
        index.index_word(random.below(bound), place);
        if place % REQUEST == REQUEST - 1 {
            requests.end();
        }
    }
    drop(index);
    let [made, ended] = [&LISTS_MADE, &LISTS_ENDED].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(made, ended);
    u64::from(INDEX_WORDS)
}
