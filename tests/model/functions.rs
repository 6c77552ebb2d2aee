//! Host functions and the pending exception. Each call of a function draws what the
//! function does: it compares its arguments, does some operations, calls other functions
//! to a small depth, and may throw. Then it returns values or a status. Some of them are
//! wrong.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use gcroots::capi::exceptions::{
    gcroots_store_has_exception, gcroots_store_take_exception, gcroots_store_throw,
};
use gcroots::capi::func::*;
use gcroots::capi::status::*;
use gcroots::capi::store::{gcroots_finalizer_t, gcroots_store_t};
use gcroots::capi::value::gcroots_val_t;

use super::action::{Action, Handle, Input, Planner, TypeArgument, Wanted};
use super::library::{
    Library, NULL_REF, Status, UNWRITTEN, Written, complain, done, pointer, status_name,
};
use super::model::{Body, Reference, RootState, Value, default_of};
use super::pointers::Pointer;
use super::predict::{Answer, Predicted, Prediction, require_kinds};
use super::program::{Call, Draw, Operation, op};
use super::session::{CURRENT, Compared, Session, handle_in, same};
use super::types::{Field, Shape, TYPES};

/// The most nested calls of functions.
pub(crate) const CALL_DEPTH: u32 = 4;

/// The greatest status.
const LAST_STATUS: u32 = 17;

/// A call with its arguments.
#[derive(Clone, Debug)]
pub(crate) enum FuncAction {
    /// A type, and the operation of the finalizer if there is one.
    New(TypeArgument, Option<Option<Operation>>),
    Call {
        func: Handle,
        args: Vec<Input>,
        nresults: usize,
        /// Whether results are written over the arguments, if there is room.
        in_place: bool,
    },
    /// A function, and whether the call passes the callback of functions or another one.
    Env(Handle, bool),
    Throw(Handle),
    TakeException,
    HasException,
}

/// A call that the library must make.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    node: usize,
    /// The root of the function while it runs.
    root: usize,
    /// The arguments and their roots.
    args: Vec<(Value, Option<usize>)>,
}

impl FuncAction {
    pub(crate) fn pointers(&self) -> Vec<Pointer> {
        use Pointer::*;
        match self {
            FuncAction::New(..) => vec![Store, Type, Callback, Out],
            FuncAction::Env(..) => vec![Store, Callback, Out],
            FuncAction::Throw(_) => vec![Store],
            FuncAction::TakeException | FuncAction::HasException => vec![Store, Out],
            FuncAction::Call { args, nresults, .. } => {
                let mut pointers = vec![Store];
                pointers.extend((!args.is_empty()).then_some(Args));
                pointers.extend((*nresults > 0).then_some(Results));
                pointers
            }
        }
    }
}

pub(crate) fn results_of(of: usize) -> &'static [Field] {
    match TYPES[of].shape {
        Shape::Func { results } => results,
        _ => &[],
    }
}

impl Planner<'_> {
    pub(crate) fn plan_func(&mut self, call: Call) -> Action {
        Action::Func(match call {
            Call::FuncNew => {
                let of = self.type_of(Shape::Func { results: &[] });
                FuncAction::New(of, self.finalizer())
            }
            Call::FuncInvoke => self.func_call(),
            Call::FuncEnv => FuncAction::Env(self.handle(Wanted::Func), !self.draw.one_in(6)),
            Call::Throw => FuncAction::Throw(self.handle(Wanted::Exn)),
            Call::HasException => FuncAction::HasException,
            _ => FuncAction::TakeException,
        })
    }

    fn func_call(&mut self) -> FuncAction {
        self.sound = !self.draw.one_in(6);
        let func = self.handle(Wanted::Func);
        let of = match self.model.body_of(func) {
            Some(Body::Func { of, .. }) => *of,
            _ => 0,
        };
        let args = self.inputs(of);
        let nresults = match self.draw.below(40) {
            0 => results_of(of).len() + 1,
            1 => results_of(of).len().saturating_sub(1),
            _ => results_of(of).len(),
        };
        FuncAction::Call {
            func,
            args,
            nresults,
            in_place: self.draw.one_in(2),
        }
    }

    /// Draws the status and the results of a function of this type.
    fn returned(&mut self, of: usize) -> (u32, Vec<Input>) {
        self.sound = !self.draw.one_in(6);
        let status = match self.draw.below(24) {
            0 => 1 + self.draw.below(LAST_STATUS as usize) as u32,
            1 => self.draw.among(&[LAST_STATUS + 1, u32::MAX]),
            _ => GCROOTS_OK,
        };
        let results = results_of(of).iter();
        (status, results.map(|of| self.input(of.storage)).collect())
    }
}

impl Prediction<'_> {
    pub(crate) fn functions(&mut self, action: &FuncAction) -> Predicted {
        match *action {
            FuncAction::New(of, finalizer) => {
                self.type_of_shape(of, |shape| matches!(shape, Shape::Func { .. }))?;
                let body = Body::Func {
                    of: of.of,
                    data: self.model.new_data(),
                    finalizer,
                    finalized: false,
                };
                self.made(body, false)
            }
            FuncAction::Call {
                func,
                ref args,
                nresults,
                ..
            } => self.func_call(func, args, nresults),
            FuncAction::Env(func, own) => match self.func_node(func)? {
                (_, _, data) if own => Ok(Answer::Number(data)),
                _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
            },
            FuncAction::Throw(exn) => {
                let (node, _) = self.exn_node(exn)?;
                self.model.pending = Reference::Node(node);
                Ok(Answer::Nothing)
            }
            FuncAction::HasException => Ok(Answer::Bool(self.model.pending != Reference::Null)),
            FuncAction::TakeException => {
                let taken = std::mem::replace(&mut self.model.pending, Reference::Null);
                Ok(self.rooted(taken))
            }
        }
    }

    /// The node, the type and the data of a function.
    fn func_node(&self, handle: Handle) -> Predicted<(usize, usize, u64)> {
        let node = self.node(handle)?;
        match self.model.nodes[node].body {
            Body::Func { of, data, .. } => Ok((node, of, data)),
            _ => Err(GCROOTS_ERROR_TYPE_MISMATCH),
        }
    }

    fn func_call(&mut self, func: Handle, args: &[Input], nresults: usize) -> Predicted {
        let (node, of, _) = self.func_node(func)?;
        let params = TYPES[of].fields;
        if (args.len(), nresults) != (params.len(), results_of(of).len()) {
            return Err(GCROOTS_ERROR_INVALID_ARGUMENT);
        }
        require_kinds(args)?;
        let values = self.values(params, args)?;
        self.begin_func(node, values)
    }

    /// The beginning of a call whose function and arguments are accepted.
    pub(crate) fn begin_func(&mut self, node: usize, values: Vec<Value>) -> Predicted {
        if self.model.pending != Reference::Null {
            return Err(GCROOTS_ERROR_EXCEPTION);
        }
        if self.model.calls >= CALL_DEPTH {
            return Err(GCROOTS_ERROR_LIMIT);
        }
        self.model.begin_frame(None);
        let root = self.model.push_root(Reference::Node(node), false);
        let args = values.into_iter().map(|value| match value {
            Value::Ref(target) if target != Reference::Null => {
                (value, Some(self.model.push_root(target, false)))
            }
            value => (value, None),
        });
        let args = args.collect();
        Ok(Answer::Called(Called { node, root, args }))
    }

    /// The predicted result of a call whose function returns this.
    fn settled(&self, of: usize, status: u32, results: &[Input]) -> Predicted<Vec<Value>> {
        if status != GCROOTS_OK {
            return Err(status);
        }
        if self.model.pending != Reference::Null {
            return Err(GCROOTS_ERROR_EXCEPTION);
        }
        require_kinds(results)?;
        self.values(results_of(of), results)
    }
}

/// The callback of all functions.
unsafe extern "C" fn callback(
    env: *mut c_void,
    store: *mut gcroots_store_t,
    args: *const gcroots_val_t,
    nargs: usize,
    results: *mut gcroots_val_t,
    nresults: usize,
) -> gcroots_status_t {
    // SAFETY: a session deletes its store before it ends.
    let session = unsafe { &*CURRENT.get() };
    if store != session.library.store {
        complain("a function of another store".into());
    }
    // SAFETY: both arrays have the passed lengths.
    let (args, results) = unsafe {
        (
            core::slice::from_raw_parts(args, nargs),
            core::slice::from_raw_parts_mut(results, nresults),
        )
    };
    session.called(env.addr() as u64, args, results)
}

/// A callback that no function has.
unsafe extern "C" fn another(
    _: *mut c_void,
    _: *mut gcroots_store_t,
    _: *const gcroots_val_t,
    _: usize,
    _: *mut gcroots_val_t,
    _: usize,
) -> gcroots_status_t {
    complain("a callback was called that no function has".into());
    GCROOTS_OK
}

impl Session {
    /// The library calls the function with this data.
    fn called(
        &self,
        data: u64,
        args: &[gcroots_val_t],
        results: &mut [gcroots_val_t],
    ) -> gcroots_status_t {
        if self.has_failed() {
            return GCROOTS_OK;
        }
        let Some(call) = self.calling.take() else {
            self.keep(Err(format!("the function of data {data} runs uncalled")));
            return GCROOTS_OK;
        };
        self.model.borrow_mut().calls += 1;
        self.note(|| format!("function of data {data}"));
        self.keep(self.begin_call(&call, data, args, results));
        let frame = self.model.borrow().frames.len() - 1;
        let seed = u64::from(self.operation.get().seed) | (frame as u64) << 32;
        let mut draw = Draw::new(seed);
        self.inside_function(&mut draw);
        let status = match self.has_failed() {
            true => GCROOTS_OK,
            false => self.end_call(&call, draw, results),
        };
        self.note(|| format!("returns {status}"));
        let mut model = self.model.borrow_mut();
        model.end_frames(frame);
        model.calls -= 1;
        status
    }

    fn begin_call(
        &self,
        call: &Called,
        data: u64,
        args: &[gcroots_val_t],
        results: &[gcroots_val_t],
    ) -> Compared {
        let body = self.model.borrow().nodes[call.node].body.clone();
        let Body::Func { of, data: own, .. } = body else {
            return Err(format!("{body:?} is called"));
        };
        same(&own, &data)?;
        self.model.borrow_mut().roots[call.root].state = RootState::Held;
        same(&call.args.len(), &args.len())?;
        for ((value, root), arg) in call.args.iter().zip(args) {
            match root {
                Some(root) => self.compare_root(*root, handle_in(*arg)?)?,
                None => self.compare_value(*value, *arg)?,
            }
        }
        let fields = results_of(of);
        same(&fields.len(), &results.len())?;
        let mut both = fields.iter().zip(results);
        both.try_for_each(|(field, result)| self.compare_value(default_of(field.storage), *result))
    }

    fn inside_function(&self, draw: &mut Draw) {
        for _ in 0..draw.below(4) {
            let seed = draw.next() as u32;
            let operation = match draw.below(12) {
                0 | 1 => op(Call::FuncInvoke, seed),
                2 => op(Call::Throw, seed),
                3 => op(Call::Collect, seed),
                4 => op(Call::StructNewDefault, seed),
                _ => Operation::drawn(draw),
            };
            self.step(operation);
        }
    }

    /// Draws the results of a call, and notes the predicted result.
    fn end_call(&self, call: &Called, draw: Draw, results: &mut [gcroots_val_t]) -> u32 {
        let mut model = self.model.borrow_mut();
        let Body::Func { of, .. } = model.nodes[call.node].body else {
            unreachable!("{call:?}")
        };
        let (status, inputs) = Planner::new(&model, draw).returned(of);
        for (result, input) in results.iter_mut().zip(&inputs) {
            *result = self.library.value(*input);
        }
        let prediction = Prediction {
            model: &mut model,
            heap_limit: self.lane.heap_limit,
        };
        let settled = prediction.settled(of, status, &inputs);
        self.returned.replace(Some(settled));
        drop(model);
        self.note(|| format!("returning {inputs:?}"));
        status
    }

    /// Compares the result of a call, whose function must have run.
    pub(crate) fn compare_returned(&self, answered: Status<Written>) -> Compared {
        let predicted = self.returned.take();
        match (predicted, answered) {
            (Some(Err(predicted)), Err(answered)) => same(&predicted, &answered),
            (Some(Ok(values)), Ok(Written::Values(read))) => {
                let mut both = values.iter().zip(read);
                both.try_for_each(|(value, read)| self.compare_result(*value, read))
            }
            (predicted, answered) => Err(format!(
                "a call answers {:?}, where the model has {predicted:?}",
                answered.map(|_| ()).map_err(status_name)
            )),
        }
    }

    fn compare_result(&self, value: Value, read: gcroots_val_t) -> Compared {
        let Value::Ref(target) = value else {
            return self.compare_value(value, read);
        };
        if target == Reference::Null {
            return self.compare_value(value, read);
        }
        let root = self.model.borrow_mut().push_root(target, false);
        let mut bits = self.library.bits.borrow_mut();
        bits.roots.resize(root + 1, NULL_REF);
        drop(bits);
        self.compare_root(root, handle_in(read)?)
    }
}

impl Library {
    pub(crate) fn functions(&self, action: &FuncAction, data: u64) -> Status<Written> {
        let store = self.store();
        // SAFETY: the store is alive and belongs to this thread. The callback accepts the
        // data of functions.
        unsafe {
            match *action {
                FuncAction::New(of, ref finalizer) => {
                    let of = self.type_argument(of);
                    let (callback, data) = (self.callback(true), pointer(data));
                    let finalizer: gcroots_finalizer_t =
                        finalizer.as_ref().map(|_| self.finalizer as _);
                    self.with_out(|out| gcroots_func_new(store, of, callback, data, finalizer, out))
                        .map(Written::Ref)
                }
                FuncAction::Call {
                    func,
                    ref args,
                    nresults,
                    in_place,
                } => self.func_call(func, args, nresults, in_place),
                FuncAction::Env(func, own) => {
                    let (func, callback) = (self.handle(func), self.callback(own));
                    self.with_out(|out| gcroots_func_env(store, func, callback, out))
                        .map(|data: *mut c_void| Written::Number(data.addr() as u64))
                }
                FuncAction::Throw(exn) => done(gcroots_store_throw(store, self.handle(exn))),
                FuncAction::HasException => self
                    .with_out(|out| gcroots_store_has_exception(store, out))
                    .map(Written::Bool),
                FuncAction::TakeException => self
                    .with_out(|out| gcroots_store_take_exception(store, out))
                    .map(Written::Ref),
            }
        }
    }

    /// The callback of functions if `own`, otherwise another one. `None` if it must be
    /// NULL.
    pub(crate) fn callback(&self, own: bool) -> gcroots_callback_t {
        match self.is_null(Pointer::Callback) {
            true => None,
            false if own => Some(callback),
            false => Some(another),
        }
    }

    fn func_call(
        &self,
        func: Handle,
        args: &[Input],
        nresults: usize,
        in_place: bool,
    ) -> Status<Written> {
        let (func, nargs) = (self.handle(func), args.len());
        let mut args: Vec<_> = self
            .values(args)
            .into_iter()
            .map(MaybeUninit::new)
            .collect();
        let mut elsewhere = vec![MaybeUninit::<gcroots_val_t>::uninit(); nresults];
        // SAFETY: there is room for `nresults` values.
        unsafe { elsewhere.as_mut_ptr().write_bytes(UNWRITTEN, nresults) };
        let in_place = in_place && nresults <= nargs;
        let results = if in_place {
            args.as_mut_ptr()
        } else {
            elsewhere.as_mut_ptr()
        };
        let first = self.passed(Pointer::Args, args.as_mut_ptr());
        let passed = self.passed(Pointer::Results, results);
        // SAFETY: the store is alive and belongs to this thread. The lists have the
        // passed lengths.
        let status = unsafe {
            let store = self.store();
            gcroots_func_call(store, func, first.cast(), nargs, passed.cast(), nresults)
        };
        if status != GCROOTS_OK {
            if !in_place && !is_unwritten(&elsewhere) {
                complain(format!("results were written with {}", status_name(status)));
            }
            return Err(status);
        }
        // SAFETY: results are written on success.
        let read = (0..nresults).map(|at| unsafe { (*results.add(at)).assume_init() });
        Ok(Written::Values(read.collect()))
    }
}

fn is_unwritten(values: &[MaybeUninit<gcroots_val_t>]) -> bool {
    // SAFETY: all bytes were written.
    let bytes =
        unsafe { core::slice::from_raw_parts(values.as_ptr().cast::<u8>(), size_of_val(values)) };
    bytes.iter().all(|byte| *byte == UNWRITTEN)
}
