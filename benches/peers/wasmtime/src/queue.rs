//! A long queue as a linked list. Its ends are owned roots, because no scoped root can be assigned.

use wasmtime::{Engine, OwnedRooted, RootScope, Store, StructRef, StructRefPre, Val};

use crate::requests::Requests;
use crate::sizes::*;
use crate::trees::{RIGHT, child, new_node, node_type};

struct Queue {
    store: Store<()>,
    pre: StructRefPre,
    first: OwnedRooted<StructRef>,
    last: OwnedRooted<StructRef>,
}

impl Queue {
    fn new(engine: &Engine) -> Self {
        let mut store = Store::new(engine, ());
        let pre = StructRefPre::new(&mut store, node_type(engine));
        let [first, last] = {
            let mut scope = RootScope::new(&mut store);
            let node = new_node(&mut scope, &pre, [None, None]);
            [(); 2].map(|()| node.to_owned_rooted(&mut scope).expect("a live root"))
        };
        Self {
            store,
            pre,
            first,
            last,
        }
    }

    fn append(&mut self) {
        let mut scope = RootScope::new(&mut self.store);
        let element = new_node(&mut scope, &self.pre, [None, None]);
        let last = self.last.to_rooted(&mut scope);
        let value = Val::AnyRef(Some(element.to_anyref()));
        last.set_field(&mut scope, RIGHT, value).expect("a field");
        self.last = element.to_owned_rooted(&mut scope).expect("a live root");
    }

    fn remove(&mut self) {
        let mut scope = RootScope::new(&mut self.store);
        let first = self.first.to_rooted(&mut scope);
        let next = child(&mut scope, first, RIGHT).expect("an element");
        self.first = next.to_owned_rooted(&mut scope).expect("a live root");
    }
}

pub fn queue(engine: &Engine, requests: &mut Requests) -> u64 {
    let mut queue = Queue::new(engine);
    for _ in 1..QUEUE_LENGTH {
        queue.append();
    }
    for step in 0..QUEUE_PASSES {
        if step % REQUEST == 0 {
            requests.begin();
        }
        queue.append();
        queue.remove();
        if step % REQUEST == REQUEST - 1 {
            requests.end();
        }
    }
    for _ in 1..QUEUE_LENGTH {
        queue.remove();
    }
    let is_one = OwnedRooted::ref_eq(&queue.store, &queue.first, &queue.last);
    assert!(is_one.expect("live roots"));
    u64::from(QUEUE_LENGTH + QUEUE_PASSES)
}
