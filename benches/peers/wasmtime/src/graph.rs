//! A graph of nodes with edges to random nodes.

use wasmtime::{
    ArrayRef, ArrayRefPre, ArrayType, Engine, FieldType, HeapType, Mutability, OwnedRooted,
    RefType, RootScope, StorageType, Store, Val, ValType,
};

use crate::requests::Requests;
use crate::sizes::*;

/// The type of an array of references to any object.
pub fn array_type(engine: &Engine) -> ArrayType {
    let any = ValType::Ref(RefType::new(true, HeapType::Any));
    ArrayType::new(
        engine,
        FieldType::new(Mutability::Var, StorageType::ValType(any)),
    )
}

struct Graph {
    store: Store<()>,
    pre: ArrayRefPre,
    all: OwnedRooted<ArrayRef>,
    random: Random,
}

impl Graph {
    fn new(engine: &Engine) -> Self {
        let mut store = Store::new(engine, ());
        let pre = ArrayRefPre::new(&mut store, array_type(engine));
        let all = {
            let mut scope = RootScope::new(&mut store);
            let all = ArrayRef::new(&mut scope, &pre, &Val::AnyRef(None), GRAPH_NODES);
            all.expect("room")
                .to_owned_rooted(&mut scope)
                .expect("a live root")
        };
        Self {
            store,
            pre,
            all,
            random: Random::new(),
        }
    }

    /// Makes a node with edges to random nodes, and puts it into the graph.
    fn replace_node(&mut self, at: u32) {
        let mut scope = RootScope::new(&mut self.store);
        let all = self.all.to_rooted(&mut scope);
        let made = ArrayRef::new(&mut scope, &self.pre, &Val::AnyRef(None), GRAPH_EDGES);
        let made = made.expect("room");
        for edge in 0..GRAPH_EDGES {
            let to = all
                .get(&mut scope, self.random.below(GRAPH_NODES))
                .expect("an element");
            made.set(&mut scope, edge, to).expect("an element");
        }
        let made = Val::AnyRef(Some(made.to_anyref()));
        all.set(&mut scope, at, made).expect("an element");
    }

    fn redirect_edge(&mut self, at: u32) {
        let mut scope = RootScope::new(&mut self.store);
        let all = self.all.to_rooted(&mut scope);
        let from = all.get(&mut scope, at).expect("an element");
        let from = from.unwrap_anyref().expect("a node");
        let from = from.unwrap_array(&scope).expect("a node");
        let to = all
            .get(&mut scope, self.random.below(GRAPH_NODES))
            .expect("an element");
        from.set(&mut scope, self.random.below(GRAPH_EDGES), to)
            .expect("an element");
    }
}

pub fn graph(engine: &Engine, requests: &mut Requests) -> u64 {
    let mut graph = Graph::new(engine);
    for at in 0..GRAPH_NODES {
        graph.replace_node(at);
    }
    for step in 0..GRAPH_CHANGES {
        if step % REQUEST == 0 {
            requests.begin();
        }
        let at = graph.random.below(GRAPH_NODES);
        match step % GRAPH_MAKES {
            0 => graph.replace_node(at),
            _ => graph.redirect_edge(at),
        }
        if step % REQUEST == REQUEST - 1 {
            requests.end();
        }
    }
    u64::from(GRAPH_NODES + GRAPH_CHANGES)
}
