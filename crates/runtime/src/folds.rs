//! The folds that an executor keeps in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keizoku_core::StreamId;
use quick_cache::unsync::Cache;

use crate::fold::Fold;

/// Folds kept in memory: those that are used again and again. New streams, of which an import brings
/// many, do not drive them out.
const CAPACITY: usize = 10_000;

/// Folds by stream, and which of them the log may be ahead of.
pub(crate) struct Folds<S> {
    inner: Mutex<Inner<S>>,
}

struct Inner<S> {
    cache: Cache<StreamId, Arc<Fold<S>>>,
    /// How many appends to a stream are under way: whoever follows the log hears of one before
    /// whoever appended it does.
    appending: HashMap<StreamId, usize>,
}

/// An append that is under way, until it is dropped.
pub(crate) struct Appending<'a, S> {
    folds: &'a Folds<S>,
    stream: &'a StreamId,
}

impl<S: Clone> Folds<S> {
    pub(crate) fn new() -> Self {
        let inner = Inner {
            cache: Cache::new(CAPACITY),
            appending: HashMap::new(),
        };
        Self {
            inner: Mutex::new(inner),
        }
    }

    /// The newest fold that is known here. The log may have more.
    pub(crate) fn newest(&self, stream: &StreamId) -> Option<Arc<Fold<S>>> {
        self.lock().cache.get(stream).cloned()
    }

    /// The same, when the log has no more: as long as nobody else writes it.
    pub(crate) fn whole(&self, stream: &StreamId) -> Option<Arc<Fold<S>>> {
        let folds = self.lock();
        if folds.appending.contains_key(stream) {
            return None;
        }
        folds.cache.get(stream).cloned()
    }

    /// An append to the stream begins.
    pub(crate) fn appending<'a>(&'a self, stream: &'a StreamId) -> Appending<'a, S> {
        *self.lock().appending.entry(stream.clone()).or_default() += 1;
        Appending {
            folds: self,
            stream,
        }
    }

    /// Keeps a fold unless a newer one is there. That nothing happened yet is worth remembering too:
    /// the catalogue of an organisation that never changed it is asked for by every command.
    pub(crate) fn remember(&self, stream: &StreamId, fold: &Arc<Fold<S>>) {
        let mut folds = self.lock();
        let known = folds.cache.peek(stream);
        if known.is_none_or(|known| known.revision <= fold.revision) {
            folds.cache.insert(stream.clone(), Arc::clone(fold));
        }
    }

    pub(crate) fn forget(&self, stream: &StreamId) {
        self.lock().cache.remove(stream);
    }

    /// The fold after our own events.
    pub(crate) fn advance(
        &self,
        stream: &StreamId,
        mut fold: Arc<Fold<S>>,
        grow: impl FnOnce(&mut Fold<S>),
    ) -> Arc<Fold<S>> {
        let mut folds = self.lock();
        if let Some(mut known) = folds.cache.get_mut(stream)
            && Arc::ptr_eq(&known, &fold)
        {
            // Our reference goes first: a fold at which nobody else looks is grown in place.
            drop(fold);
            grow(Arc::make_mut(&mut known));
            return Arc::clone(&known);
        }
        drop(folds);
        grow(Arc::make_mut(&mut fold));
        self.remember(stream, &fold);
        fold
    }
}

impl<S> Folds<S> {
    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Drop for Appending<'_, S> {
    fn drop(&mut self) {
        let mut folds = self.folds.lock();
        if let Some(appends) = folds.appending.get_mut(self.stream) {
            *appends -= 1;
            if *appends == 0 {
                folds.appending.remove(self.stream);
            }
        }
    }
}
