/* The protocol by which the generational collector marks and sweeps while the program runs.
 *
 * One process does everything, because the program and the steps of a cycle share one thread: in
 * each turn either the program does one operation, or the collector does one step or a minor
 * collection. Spin tries all orders. scripts/models runs this model, and each fault below.
 *
 * The model and the code
 * ----------------------
 * Files are in src.
 *
 *   phase, the steps  heap/cycle.rs: Phase, Cycle::step
 *   Minor             collectors/generational/minor.rs: promote_roots, promote_reachable
 *   visit             collectors/generational/minor.rs: promote, see_old
 *   NEW               heap/space/blocks/record.rs: LINE_NEW
 *   colour            heap/space/blocks/marks.rs, gray.rs; collectors/block_heap/mark_stack.rs
 *   Shade             collectors/block_heap/mark.rs: Marking::shade
 *   Store             heap/barrier.rs: Barrier::marking; collectors/generational/mod.rs
 *   remembered        collectors/generational/remembered.rs
 *   written           store/collection/collect.rs: list_young_roots
 *   UNSWEPT           heap/space/blocks/marks.rs: is_unswept
 *   Upgrade           store/handles/weak.rs: weak_upgrade; store/objects/raw.rs
 *   SetEntry          store/containers/weak_maps/mod.rs: weakmap_set, note_value
 *   pending           heap/ephemerons.rs: PendingEphemerons
 *   SweepEntry        store/containers/weak_maps/entries/collect.rs: sweep_between
 *   SweepHandle       roots/weak.rs: sweep_between
 *   FreeBlock         collectors/generational/cycle.rs: sweep_step
 *   StopTheWorld      store/collection/cycle.rs: stop_cycle, then a major collection
 *   overflowed        collectors/generational/nursery.rs: has_overflowed
 *   Evacuate          not there: moving an object in the stop in which marking ends
 *
 * What is left out
 * ----------------
 * Addresses: a promoted object keeps its number. Lines: each object has a block for itself. Young
 * large objects, which do not lie in the nursery. Pacing: a step may come at any time. Long arrays,
 * which are scanned in chunks: an object is scanned at once. Keys and values that are no objects.
 *
 * Bounds
 * ------
 * OBJS objects, live and dead, of FIELDS fields; ROOTS roots. One weak handle (WEAK), one entry of
 * a weak map (MAP), no-GC spans in which the program has one reference that is no root (SPAN), at
 * most one object that moves in each cycle (EVACUATE). These four are 1 or 0. The number of cycles
 * has no bound. A new object takes the first free place. scripts/models has the bounds of each run.
 *
 * Properties
 * ----------
 * `free.unreachable`: an object that becomes free is not reachable. What is reachable is computed
 *   at once, with the values of reachable keys. So no root, and no field of a reachable object,
 *   ever refers to free or reused memory.
 * `get.alive`: no reference that the program gets refers to free memory, or to an object that the
 *   cycle has found dead.
 * `weak.same`: a weak handle that leads to an object leads to the one for which it was made.
 *   Identity numbers of objects would multiply the states. What matters is whether they are
 *   equal, so `is_same` says that the place which the handle names has the object for which the
 *   handle was made. It becomes 0 when that object becomes free.
 * `weak.reachable-until-null`: the handle is not null while its object is reachable. The same for
 *   the entry and its key.
 * `end.marked`: all reachable objects have marks when marking ends (src/store/collection/
 *   check_marks.rs).
 *
 * Faults, each of which Spin finds
 * --------------------------------
 *   NO_BARRIER           no barrier
 *   NO_NEW_VALUE         the barrier does not shade the new value
 *   NO_REMEMBERING       the barrier does not remember old holders of young objects
 *   NO_ROOT_RESCAN       a minor collection does not shade what rewritten roots refer to
 *   WHITE_PROMOTED       promoted objects have no marks
 *   WHITE_WHILE_SWEEPING promoted objects have no marks if the cycle sweeps
 *   UNSHADED_REFERENTS   what promoted objects refer to is not shaded
 *   WHITE_BORN_OLD       a minor collection does not mark the objects that were born old
 *   UNSCANNED_BORN_OLD   a minor collection marks them, and not what they refer to
 *   SWEEP_FREES_NEW      the sweep frees objects that were born old since the last collection
 *   EARLY_REUSE          memory is reused before the weak tables are swept
 *   UNTESTED_UPGRADE     a weak handle is upgraded without a look at the mark
 *   UNSHADED_KEY         a value is not shaded when its key is marked
 *   VALUE_NO_ROOT        a value is no root of a minor collection
 *   END_WITHOUT_MINOR    marking ends without a minor collection
 *   END_WITH_GRAY        marking ends with the minor collection, whatever that has shaded
 *   SPAN_COLLECTS        steps and minor collections run in no-GC spans
 *   MARKS_STAY           a cycle that is dropped leaves its marks behind
 *   UNMOVED_ROOT, UNMOVED_FIELD, UNMOVED_HANDLE, UNMOVED_KEY, UNMOVED_VALUE
 *                        evacuation does not update a root, a field, the handle, a key or a value
 *   UNSHADED_ENTRY with UNSHADED_VALUE, PROMOTED_KEY_LOST with UNSHADED_VALUE
 *                        both of two parts that do the same (see below)
 *
 * What the protocol does twice
 * ----------------------------
 * The protocol also holds with each one of these switches:
 *   NO_OLD_VALUE         The barrier does not shade the old value. Roots are seen again before
 *                        marking ends, and each way out of a root into the heap shades. So the old
 *                        value only leaves the last minor collection less to shade.
 *   UNSHADED_ENTRY       Setting the value of a marked key does not shade the value. The next minor
 *                        collection sees the values that were set since the last one.
 *   UNSHADED_VALUE       A minor collection does not shade these values. Setting a value shades it,
 *                        or marking its key does, or promoting its key makes the key pending.
 *   PROMOTED_KEY_LOST    A promoted key is not pending. Its entry was made since the last minor
 *                        collection, which therefore sees the value.
 *   SPAN_STEPS           Steps run in no-GC spans, and minor collections do not. Marking ends only
 *                        after a minor collection, so what the program has in a span is kept.
 */

#ifndef OBJS
#define OBJS 3
#endif
#ifndef FIELDS
#define FIELDS 1
#endif
#ifndef ROOTS
#define ROOTS 2
#endif
#ifndef WEAK
#define WEAK 1
#endif
#ifndef MAP
#define MAP 1
#endif
#ifndef SPAN
#define SPAN 1
#endif
#ifndef EVACUATE
#define EVACUATE 1
#endif

/* No object. */
#define NIL OBJS

/* Kinds of objects. NEW: in old memory, and made since the last collection. */
#define FREE  0
#define YOUNG 1
#define NEW   2
#define OLD   3

/* Colours of NEW and OLD objects. */
#define WHITE 0
#define GRAY  1
#define BLACK 2

/* Phases of a cycle. */
#define IDLE         0
#define MARK_ROOTS   1
#define MARK         2
#define SWEEP_ENTRY  3
#define SWEEP_HANDLE 4
#define FREE_DEAD    5

#define MARKING  (phase == MARK_ROOTS || phase == MARK)
#define SWEEPING (phase >= SWEEP_ENTRY)

byte kind[OBJS];
byte colour[OBJS];
byte field[OBJS * FIELDS] = NIL;
bool remembered[OBJS];

byte root[ROOTS] = NIL;
/* Written since the last minor collection. */
bool written[ROOTS];

#if WEAK
byte handle = NIL;
bool is_same;
#endif
#if MAP
byte key = NIL;
byte value = NIL;
bool entry_written;
/* The key has a mark, and its value has not been looked at. */
bool pending;
#endif
#if SPAN
bool span;
bool overflowed;
/* A reference that the program has in a no-GC span. */
byte raw = NIL;
#endif

byte phase = IDLE;
/* The next root that is scanned, or the next block that is swept. */
byte at;

/* What computations use within one turn. Not part of the state. */
hidden byte i, j, n, free_place;
hidden byte reach, todo;
hidden byte more;

#define HAS(set, o) ((set) & (1 << (o)))

#define UNSWEPT(o) (SWEEPING && kind[o] == OLD && colour[o] == WHITE && \
                    !(phase == FREE_DEAD && (o) < at))

#if SPAN && !defined(SPAN_COLLECTS)
#define MAY_COLLECT (!span)
#else
#define MAY_COLLECT true
#endif
#if defined(SPAN_STEPS)
#define STEPS true
#else
#define STEPS MAY_COLLECT
#endif

/* The order of the phases that sweep. */
#if defined(EARLY_REUSE)
#define AFTER_MARK   FREE_DEAD
#define AFTER_BLOCKS SWEEP_ENTRY
#define AFTER_TABLES IDLE
#else
#define AFTER_MARK   SWEEP_ENTRY
#define AFTER_TABLES FREE_DEAD
#define AFTER_BLOCKS IDLE
#endif

inline Reach(o) {
  if :: (o) != NIL -> reach = reach | (1 << (o)) :: else fi
}

/* Computes what is reachable, in `reach`. */
inline ComputeReach() {
  reach = 0;
  for (i : 0 .. ROOTS - 1) { Reach(root[i]) }
#if SPAN
  Reach(raw);
#endif
  more = true;
  do
  :: more ->
     todo = reach;
     for (i : 0 .. OBJS * FIELDS - 1) {
       if :: HAS(reach, i / FIELDS) -> Reach(field[i]) :: else fi
     }
#if MAP
     if :: key != NIL && HAS(reach, key) -> Reach(value) :: else fi;
#endif
     more = (todo != reach)
  :: else -> break
  od;
  todo = 0
}

/* The program gets a reference. */
inline Get(o) {
  assert((o) == NIL || (kind[o] != FREE && !UNSWEPT(o)))
}

/* Frees an object. `reach` is computed. */
inline Free(o) {
  assert(!HAS(reach, o));
#if MAP
  assert(key != (o));
#endif
  kind[o] = FREE; colour[o] = WHITE; remembered[o] = false;
  for (j : 0 .. FIELDS - 1) { field[(o) * FIELDS + j] = NIL }
#if WEAK
  if :: handle == (o) -> is_same = false :: else fi
#endif
}

inline Shade(o) {
  if
  :: (o) != NIL && (kind[o] == OLD || kind[o] == NEW) && colour[o] == WHITE -> colour[o] = GRAY
  :: else
  fi
}

/* An object is scanned: its key bit is looked at. */
inline SeeKey(o) {
#if MAP
  if :: key == (o) && MARKING -> pending = true :: else fi
#else
  skip
#endif
}

/* --- Minor collections ---------------------------------------------------------------------- */

/* A minor collection finds a reference. It promotes the referent, or shades it. */
inline visit(o, shades) {
  if
  :: (o) == NIL -> skip
  :: (o) != NIL && kind[o] == YOUNG ->
     kind[o] = OLD;
     todo = todo | (1 << (o));
#if !defined(WHITE_PROMOTED)
     if
#if defined(WHITE_WHILE_SWEEPING)
     :: MARKING ->
#else
     :: phase != IDLE ->
#endif
        colour[o] = BLACK;
#if !defined(PROMOTED_KEY_LOST)
        SeeKey(o)
#endif
     :: else
     fi
#endif
  :: else ->
     if :: MARKING && shades -> Shade(o) :: else fi
  fi
}

#if defined(NO_ROOT_RESCAN)
#define SHADES_ROOTS false
#else
#define SHADES_ROOTS true
#endif
#if defined(UNSHADED_REFERENTS)
#define SHADES_REFERENTS false
#else
#define SHADES_REFERENTS true
#endif

inline VisitFields(o, shades) {
  for (j : 0 .. FIELDS - 1) { visit(field[(o) * FIELDS + j], shades) }
}

inline Minor() {
  todo = 0;
  for (i : 0 .. ROOTS - 1) {
    if :: written[i] -> visit(root[i], SHADES_ROOTS) :: else fi;
    written[i] = false
  }
#if MAP
  if
#if defined(VALUE_NO_ROOT)
  :: false
#elif defined(UNSHADED_VALUE)
  :: entry_written -> visit(value, false)
#else
  :: entry_written -> visit(value, SHADES_ROOTS)
#endif
  :: else
  fi;
  entry_written = false;
#endif
  for (i : 0 .. OBJS - 1) {
    if
    :: remembered[i] -> VisitFields(i, true)
    :: else
    fi;
    remembered[i] = false;
    if
    :: kind[i] == NEW ->
       kind[i] = OLD;
#if !defined(WHITE_BORN_OLD)
       if :: phase != IDLE && colour[i] == WHITE -> colour[i] = BLACK; SeeKey(i) :: else fi;
#endif
#if defined(UNSCANNED_BORN_OLD)
       VisitFields(i, false)
#else
       VisitFields(i, true)
#endif
    :: else
    fi
  }
  do
  :: todo != 0 ->
     for (i : 0 .. OBJS - 1) {
       if
       :: HAS(todo, i) -> todo = todo & ~(1 << i); VisitFields(i, SHADES_REFERENTS)
       :: else
       fi
     }
  :: else -> break
  od;
  ComputeReach();
  for (i : 0 .. OBJS - 1) {
    if
    :: kind[i] == YOUNG ->
#if MAP
       if :: key == i -> assert(!HAS(reach, i)); RemoveEntry() :: else fi;
#endif
#if WEAK
       if :: handle == i -> assert(!HAS(reach, i)); RemoveHandle() :: else fi;
#endif
       Free(i)
    :: else
    fi
  }
  /* Marks of swept blocks mean nothing, and neither do those of the cycle before. */
  for (i : 0 .. OBJS - 1) {
    if
#if !defined(MARKS_STAY)
    :: phase == IDLE -> colour[i] = WHITE
#endif
    :: phase == FREE_DEAD && i < at -> colour[i] = WHITE
    :: else
    fi
  };
#if SPAN
  overflowed = false
#endif
}

inline RemoveEntry() {
  key = NIL; value = NIL; entry_written = false; pending = false
}

inline RemoveHandle() {
  handle = NIL; is_same = false
}

/* --- Cycles --------------------------------------------------------------------------------- */

inline BeginCycle() {
  if :: phase == IDLE -> phase = MARK_ROOTS; at = 0 :: else fi
}

/* Marks what the next root refers to. */
inline MarkRoot() {
  Shade(root[at]);
  at++;
  if :: at == ROOTS -> phase = MARK; at = 0 :: else fi;
  SortRoots()
}

/* Scans an object, if it is gray. */
inline Scan(o) {
  if
  :: colour[o] == GRAY ->
     colour[o] = BLACK;
     SeeKey(o);
     for (j : 0 .. FIELDS - 1) { Shade(field[(o) * FIELDS + j]) }
  :: else
  fi
}

/* Marks the value of the key that is pending. */
inline MarkValue() {
#if MAP
  if
  :: pending ->
     pending = false;
#if defined(UNSHADED_KEY)
     skip
#else
     Shade(value)
#endif
  :: else
  fi
#else
  skip
#endif
}

/* Marks until nothing is left. */
inline MarkAll() {
  do :: phase == MARK_ROOTS -> MarkRoot() :: else -> break od;
#if !defined(END_WITH_GRAY)
  /* Each object is scanned once. */
  for (n : 0 .. 2 * OBJS) {
    for (i : 0 .. OBJS - 1) { Scan(i) }
    MarkValue()
  }
#endif
}

/* Marking ends: all that is reachable has a mark. */
inline EndMarking() {
  ComputeReach();
  for (i : 0 .. OBJS - 1) {
    assert(!HAS(reach, i) || kind[i] != OLD || colour[i] != WHITE);
    if :: colour[i] == GRAY -> colour[i] = BLACK :: else fi
  }
#if MAP
  pending = false;
#endif
  phase = AFTER_MARK; at = 0
}

inline SweepEntry() {
#if MAP
  if
  :: key != NIL ->
     if
     :: UNSWEPT(key) -> ComputeReach(); assert(!HAS(reach, key)); RemoveEntry()
     :: else
     fi
  :: else
  fi
#else
  skip
#endif
}

inline SweepHandle() {
#if WEAK
  if
  :: handle != NIL ->
     if
     :: UNSWEPT(handle) -> ComputeReach(); assert(!HAS(reach, handle)); RemoveHandle()
     :: else
     fi
  :: else
  fi
#else
  skip
#endif
}

/* Moves the marked object `from` to the free place `to`, and updates all references to it. */
inline Evacuate(from, to) {
  kind[to] = OLD; colour[to] = BLACK;
  for (i : 0 .. FIELDS - 1) {
    field[(to) * FIELDS + i] = field[(from) * FIELDS + i]; field[(from) * FIELDS + i] = NIL
  }
  for (i : 0 .. OBJS * FIELDS - 1) {
#if defined(UNMOVED_FIELD)
    skip
#else
    if :: field[i] == (from) -> field[i] = to :: else fi
#endif
  }
  for (i : 0 .. ROOTS - 1) {
#if defined(UNMOVED_ROOT)
    skip
#else
    if :: root[i] == (from) -> root[i] = to :: else fi
#endif
  }
#if MAP
#if !defined(UNMOVED_KEY)
  if :: key == (from) -> key = to :: else fi;
#endif
#if !defined(UNMOVED_VALUE)
  if :: value == (from) -> value = to :: else fi;
#endif
#endif
#if WEAK
#if !defined(UNMOVED_HANDLE)
  if :: handle == (from) -> handle = to :: else fi;
#endif
#endif
  ComputeReach();
  Free(from)
}

/* May move an object, if marking has just ended, which `s` says. */
inline MoveOne() {
#if EVACUATE
  if
  :: true
  :: s == 1 ->
     SomeObject(r);
     d_step {
       FindFree();
       if
       :: kind[r] == OLD && colour[r] == BLACK && free_place != NIL -> Evacuate(r, free_place)
       :: else
       fi
     };
     r = 0
  fi;
#endif
  r = 0; s = 0
}

inline FindFree() {
  free_place = NIL;
  for (i : 0 .. OBJS - 1) {
    if :: kind[i] == FREE && free_place == NIL -> free_place = i :: else fi
  }
}

/* Frees block `at`, if its object is dead. */
inline FreeBlock() {
  if
#if defined(SWEEP_FREES_NEW)
  :: (kind[at] == OLD || kind[at] == NEW) && colour[at] == WHITE -> ComputeReach(); Free(at)
#else
  :: kind[at] == OLD && colour[at] == WHITE -> ComputeReach(); Free(at)
#endif
  :: else -> colour[at] = WHITE
  fi;
  at++
}

/* A major collection that stops the program: frees all that is not reachable. It is right by
 * definition. A cycle that marks is dropped. */
inline StopTheWorld() {
  ComputeReach();
#if MAP
  if :: key != NIL && !HAS(reach, key) -> RemoveEntry() :: else fi;
  entry_written = false; pending = false;
#endif
#if WEAK
  if :: handle != NIL && !HAS(reach, handle) -> RemoveHandle() :: else fi;
#endif
  for (i : 0 .. OBJS - 1) {
    if
    :: kind[i] != FREE && !HAS(reach, i) -> Free(i)
    :: kind[i] != FREE && HAS(reach, i) -> kind[i] = OLD
    :: else
    fi;
    remembered[i] = false;
#if !defined(MARKS_STAY)
    colour[i] = WHITE
#endif
  }
  for (i : 0 .. ROOTS - 1) { written[i] = false }
#if SPAN
  overflowed = false;
#endif
  phase = IDLE; at = 0
}

/* --- The program ---------------------------------------------------------------------------- */

inline SetRoot(r, o) {
  Get(o);
  written[r] = ((o) != NIL); root[r] = o
}

/* Stores `o` in a field of `holder`. */
inline Store(holder, f, o) {
#if !defined(NO_BARRIER)
  if
  :: kind[holder] != YOUNG ->
     if
     :: MARKING ->
#if !defined(NO_OLD_VALUE)
        Shade(field[(holder) * FIELDS + f]);
#endif
#if !defined(NO_NEW_VALUE)
        Shade(o);
#endif
        skip
     :: else
     fi;
#if !defined(NO_REMEMBERING)
     if :: (o) != NIL && kind[o] == YOUNG -> remembered[holder] = true :: else fi
#endif
  :: else
  fi;
#endif
  field[(holder) * FIELDS + f] = o
}

/* Makes an object in `place`, whose first field is `o`, and a root for it. Its first fields are
 * stored without a barrier. */
inline Allocate(place, r, o) {
#if WEAK
  /* Reused memory: a handle that names it names another object from now on. */
  if :: handle == place -> is_same = false :: else fi;
#endif
  kind[place] = YOUNG;
#if SPAN
  if :: overflowed -> kind[place] = NEW :: else fi;
#endif
  field[(place) * FIELDS] = o;
  SetRoot(r, place)
}

/* Sets the value of a key. */
inline SetEntry(k, v) {
#if !defined(UNSHADED_ENTRY)
  if :: MARKING && kind[k] != YOUNG && colour[k] != WHITE -> Shade(v) :: else fi;
#endif
  if :: key != (k) -> RemoveEntry() :: else fi;
  key = k; value = v; entry_written = true
}

/* The object of the weak handle, in `n`, or NIL. */
inline Upgrade() {
  n = handle;
#if !defined(UNTESTED_UPGRADE)
  if :: n != NIL && UNSWEPT(n) -> n = NIL :: else fi;
#endif
  assert(n == NIL || (kind[n] != FREE && is_same))
}

inline SomeRoot(r) {
  if :: r = 0
#if ROOTS > 1
     :: r = 1
#endif
#if ROOTS > 2
     :: r = 2
#endif
  fi
}

inline SomeField(f) {
#if FIELDS > 1
  if :: f = 0 :: f = 1 fi
#else
  f = 0
#endif
}

inline SomeObject(o) {
  if :: o = 0 :: o = 1
#if OBJS > 2
     :: o = 2
#endif
#if OBJS > 3
     :: o = 3
#endif
  fi
}

/* Swaps the first two roots, unless the one has been scanned and the other has not. They are
 * alike, so states that differ by that alone are one state. */
inline SortRoots() {
#if ROOTS > 1
  if
  :: !(phase == MARK_ROOTS && at == 1) &&
     (root[0] > root[1] || (root[0] == root[1] && written[0] && !written[1])) ->
     n = root[0]; root[0] = root[1]; root[1] = n;
     n = written[0]; written[0] = written[1]; written[1] = n
  :: else
  fi
#else
  skip
#endif
}

/* The end of the program's turn. */
inline Done() {
  SortRoots();
  r = 0; s = 0; f = 0
}

active proctype Turns() {
  byte r, s, f;

  do
  /* The program. */
  :: atomic {                                   /* root r := a new object, which refers to root s */
       SomeRoot(r);
       if :: s = NIL :: SomeRoot(s) fi;
       d_step {
         FindFree();
         if
         :: free_place == NIL
         :: else ->
            if :: s != NIL -> s = root[s % ROOTS] :: else fi;
            Allocate(free_place, r, s)
         fi;
         Done()
       }
     }
  :: atomic { SomeRoot(r); d_step { SetRoot(r, NIL); Done() } }
  :: atomic {                                   /* root r := field f of root s */
       SomeRoot(r); SomeRoot(s); SomeField(f);
       d_step {
         if :: root[s] != NIL -> SetRoot(r, field[root[s] * FIELDS + f]) :: else fi;
         Done()
       }
     }
  :: atomic {                                   /* field f of root r := root s, or null */
       SomeRoot(r); SomeField(f);
       if :: s = NIL :: SomeRoot(s) fi;
       d_step {
         if :: s != NIL -> s = root[s % ROOTS] :: else fi;
         if :: root[r] != NIL -> Store(root[r], f, s) :: else fi;
         Done()
       }
     }
#if WEAK
  :: atomic { SomeRoot(r); d_step { handle = root[r]; is_same = (handle != NIL); Done() } }
  :: atomic {
       SomeRoot(r);
       d_step { Upgrade(); if :: n != NIL -> SetRoot(r, n) :: else fi; Done() }
     }
#endif
#if MAP
  :: atomic {                                   /* the value of root r := root s */
       SomeRoot(r); SomeRoot(s);
       d_step {
         if :: root[r] != NIL && root[s] != NIL -> SetEntry(root[r], root[s]) :: else fi;
         Done()
       }
     }
  :: atomic {                                   /* root r := the value of root s */
       SomeRoot(r); SomeRoot(s);
       d_step {
         if :: root[s] != NIL && root[s] == key -> SetRoot(r, value) :: else fi;
         Done()
       }
     }
  :: d_step { RemoveEntry() }
#endif
#if SPAN
  :: d_step { !span -> span = true }
  :: d_step { span -> span = false; raw = NIL }
  :: d_step { span -> overflowed = true }       /* the nursery is full */
  :: atomic {                                   /* a reference := field f of root s */
       span; SomeRoot(s); SomeField(f);
       d_step {
         if :: root[s] != NIL -> raw = field[root[s] * FIELDS + f]; Get(raw) :: else fi;
         Done()
       }
     }
  :: atomic { span && raw != NIL; SomeRoot(r); d_step { SetRoot(r, raw); Done() } }
#endif

  /* Collections that stop the program. A cycle that sweeps is finished first, which are steps. */
  :: d_step { MAY_COLLECT && !SWEEPING -> StopTheWorld() }

  /* A minor collection. Right after it, a cycle may begin, and marking may end: then nothing is
   * left to mark. */
  :: atomic {
       MAY_COLLECT;
       d_step { Minor() };
       if
       :: true
       :: true -> d_step { BeginCycle() }
       :: true ->
          d_step { BeginCycle(); if :: MARKING -> MarkAll(); EndMarking(); s = 1 :: else fi };
          MoveOne()
       fi
     }

  /* Steps of a cycle. */
  :: d_step { STEPS && phase == MARK_ROOTS -> MarkRoot() }
  :: atomic { STEPS && phase == MARK; SomeObject(r); d_step { Scan(r); r = 0 } }
#if MAP
  :: d_step { STEPS && phase == MARK && pending -> MarkValue() }
#endif
#if defined(END_WITHOUT_MINOR)
  :: atomic { STEPS && MARKING; d_step { MarkAll(); EndMarking() } }
#endif
  :: d_step { STEPS && phase == SWEEP_ENTRY -> SweepEntry(); phase = SWEEP_HANDLE }
  :: d_step { STEPS && phase == SWEEP_HANDLE -> SweepHandle(); phase = AFTER_TABLES; at = 0 }
  :: d_step {
       STEPS && phase == FREE_DEAD ->
       FreeBlock();
       if :: at == OBJS -> at = 0; phase = AFTER_BLOCKS :: else fi
     }
  od
}
