//! Data-parallel training: what the processes exchange.
//!
//! Each process has the whole model and a part of each batch. Gradients normalised by the targets of the whole batch are
//! summed; then all take the same step.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use candle_core::{Device, Tensor};

use super::error::{Result, TrainError};
use super::grads::Grads;

/// The exchange between the processes of a run.
pub trait Comm {
    /// Which one this is, from 0.
    fn rank(&self) -> usize;

    /// How many there are.
    fn world(&self) -> usize;

    /// The sum of a tensor over all processes, the same bits for each of them.
    ///
    /// # Errors
    /// Another process is gone.
    fn sum(&self, tensor: &Tensor) -> Result<Tensor>;

    /// The sums of numbers: targets of a batch, losses, a flag of who is to stop.
    ///
    /// # Errors
    /// Another process is gone.
    fn sum_numbers(&self, numbers: &[f64]) -> Result<Vec<f64>>;

    /// The lists of numbers of all processes, by rank; they may differ in length.
    ///
    /// # Errors
    /// Another process is gone.
    fn gather(&self, own: &[f64]) -> Result<Vec<Vec<f64>>> {
        if self.world() == 1 {
            return Ok(vec![own.to_vec()]);
        }
        let mut lengths = vec![0.0; self.world()];
        lengths[self.rank()] = own.len() as f64;
        let lengths: Vec<usize> = self.sum_numbers(&lengths)?.into_iter().map(|length| length as usize).collect();
        let from: usize = lengths[..self.rank()].iter().sum();
        let mut all = vec![0.0; lengths.iter().sum()];
        all[from..from + own.len()].copy_from_slice(own);
        // Each place is one process's; the others add nothing to it.
        let all = if all.is_empty() { all } else { self.sum_numbers(&all)? };
        let mut rest = all.as_slice();
        let part = |length: usize| rest.split_off(..length).map(<[f64]>::to_vec).unwrap_or_default();
        Ok(lengths.into_iter().map(part).collect())
    }

    /// The texts of all processes, by rank.
    ///
    /// # Errors
    /// Another process is gone.
    fn gather_text(&self, own: &str) -> Result<Vec<String>> {
        let bytes: Vec<f64> = own.bytes().map(f64::from).collect();
        let text = |bytes: Vec<f64>| {
            let bytes: Vec<u8> = bytes.into_iter().map(|byte| byte as u8).collect();
            String::from_utf8(bytes).map_err(|e| TrainError::Exchange(format!("a text that is not UTF-8: {e}")))
        };
        self.gather(&bytes)?.into_iter().map(text).collect()
    }

    /// Sums gradients, in the order of their names.
    ///
    /// # Errors
    /// Another process is gone.
    fn sum_grads(&self, grads: &mut Grads) -> Result<()> {
        if self.world() > 1 { grads.map(|gradient| self.sum(gradient)) } else { Ok(()) }
    }
}

/// The sums of so many numbers over all processes.
///
/// # Errors
/// Another process is gone.
pub fn sums<const N: usize>(comm: &dyn Comm, own: [f64; N]) -> Result<[f64; N]> {
    let mut sums = own;
    sums.iter_mut().zip(comm.sum_numbers(&own)?).for_each(|(to, sum)| *to = sum);
    Ok(sums)
}

/// One process alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Solo;

impl Comm for Solo {
    fn rank(&self) -> usize {
        0
    }

    fn world(&self) -> usize {
        1
    }

    fn sum(&self, tensor: &Tensor) -> Result<Tensor> {
        Ok(tensor.clone())
    }

    fn sum_numbers(&self, numbers: &[f64]) -> Result<Vec<f64>> {
        Ok(numbers.to_vec())
    }
}

/// What is given and taken in one exchange.
#[derive(Debug, Default)]
struct Table {
    round: u64,
    given: Vec<Option<Tensor>>,
    taken: usize,
    sum: Option<Tensor>,
    gone: bool,
}

/// Threads of this process, each as if it were one of its own.
#[derive(Debug)]
pub struct Threads {
    rank: usize,
    world: usize,
    table: Arc<(Mutex<Table>, Condvar)>,
}

impl Threads {
    /// The ends of an exchange of `world` threads, by rank.
    #[must_use]
    pub fn new(world: usize) -> Vec<Self> {
        let table = Table { given: (0..world).map(|_| None).collect(), ..Table::default() };
        let table = Arc::new((Mutex::new(table), Condvar::new()));
        (0..world).map(|rank| Self { rank, world, table: Arc::clone(&table) }).collect()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let (table, changed) = &*self.table;
        table.lock().unwrap_or_else(PoisonError::into_inner).gone = true;
        changed.notify_all();
    }
}

impl Comm for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn world(&self) -> usize {
        self.world
    }

    fn sum(&self, tensor: &Tensor) -> Result<Tensor> {
        let (table, changed) = &*self.table;
        let lost = || TrainError::Exchange("another thread ended before the exchange".to_owned());
        let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
        // The round before is over when all have taken its sum.
        while table.sum.is_some() {
            if table.gone {
                return Err(lost());
            }
            table = changed.wait(table).unwrap_or_else(PoisonError::into_inner);
        }
        let round = table.round;
        table.given[self.rank] = Some(tensor.clone());
        if table.given.iter().all(Option::is_some) {
            // In the order of the ranks, whoever came last.
            let mut given = table.given.iter_mut().filter_map(Option::take);
            let first = given.next().ok_or_else(lost)?;
            let sum = given.try_fold(first, |sum, next| sum + next)?;
            table.sum = Some(sum);
            changed.notify_all();
        }
        while table.round == round && table.sum.is_none() {
            if table.gone {
                return Err(lost());
            }
            table = changed.wait(table).unwrap_or_else(PoisonError::into_inner);
        }
        let sum = table.sum.clone().ok_or_else(lost)?;
        table.taken += 1;
        if table.taken == self.world {
            (table.taken, table.sum) = (0, None);
            table.round += 1;
            changed.notify_all();
        }
        Ok(sum)
    }

    fn sum_numbers(&self, numbers: &[f64]) -> Result<Vec<f64>> {
        Ok(self.sum(&Tensor::new(numbers, &Device::Cpu)?)?.to_vec1()?)
    }
}

#[cfg(feature = "nccl")]
pub use nccl::Nccl;

#[cfg(feature = "nccl")]
mod nccl {
    use candle_core::backend::{BackendDevice, BackendStorage};
    use candle_core::cuda_backend::CudaStorageSlice;
    use candle_core::cuda_backend::cudarc::nccl::{Comm as Handle, Id, ReduceOp, result::NcclError};
    use candle_core::{CpuStorage, CudaDevice, CudaStorage, Device, InplaceOp1, Layout, Tensor};

    use super::Comm;
    use crate::train::error::{Result, TrainError};

    fn failed(error: NcclError) -> TrainError {
        TrainError::Exchange(format!("NCCL: {error:?}"))
    }

    /// Processes with a GPU each, by NCCL.
    pub struct Nccl {
        handle: Handle,
        device: CudaDevice,
    }

    impl Nccl {
        /// A name for a new exchange, which all of its ends join.
        ///
        /// # Errors
        /// NCCL can't be loaded.
        pub fn new_id() -> Result<Vec<u8>> {
            let id = Id::new().map_err(failed)?;
            Ok(id.internal().iter().map(|byte| byte.cast_unsigned()).collect())
        }

        /// Joins the exchange of this name with the GPU of number `rank`.
        ///
        /// # Errors
        /// There is no such GPU, the name is damaged, or another end does not come.
        pub fn join(rank: usize, world: usize, id: &[u8]) -> Result<Self> {
            let device = CudaDevice::new(rank)?;
            let bytes: Vec<_> = id.iter().map(|byte| byte.cast_signed()).collect();
            let bytes: [_; 128] =
                bytes.try_into().map_err(|_| TrainError::argument("the name of an exchange", "128 bytes", id.len()))?;
            let handle = Handle::from_rank(device.cuda_stream(), rank, world, Id::uninit(bytes)).map_err(failed)?;
            Ok(Self { handle, device })
        }
    }

    impl Comm for Nccl {
        fn rank(&self) -> usize {
            self.handle.rank()
        }

        fn world(&self) -> usize {
            self.handle.world_size()
        }

        fn sum(&self, tensor: &Tensor) -> Result<Tensor> {
            let sum = tensor.to_device(&Device::Cuda(self.device.clone()))?.copy()?;
            sum.inplace_op1(&AllReduce(&self.handle))?;
            Ok(sum.to_device(tensor.device())?)
        }

        fn sum_numbers(&self, numbers: &[f64]) -> Result<Vec<f64>> {
            Ok(self.sum(&Tensor::new(numbers, &Device::Cpu)?)?.to_vec1()?)
        }
    }

    struct AllReduce<'a>(&'a Handle);

    impl InplaceOp1 for AllReduce<'_> {
        fn name(&self) -> &'static str {
            "all-reduce"
        }

        fn cpu_fwd(&self, _: &mut CpuStorage, _: &Layout) -> candle_core::Result<()> {
            candle_core::bail!("NCCL sums on GPUs only")
        }

        fn cuda_fwd(&self, storage: &mut CudaStorage, layout: &Layout) -> candle_core::Result<()> {
            // The copy was made for this: it is contiguous and nobody else's.
            if layout.contiguous_offsets() != Some((0, layout.shape().elem_count())) {
                candle_core::bail!("NCCL sums whole tensors");
            }
            let dtype = storage.dtype();
            let summed = match &mut storage.slice {
                CudaStorageSlice::F32(numbers) => self.0.all_reduce_in_place(numbers, &ReduceOp::Sum),
                CudaStorageSlice::F64(numbers) => self.0.all_reduce_in_place(numbers, &ReduceOp::Sum),
                _ => candle_core::bail!("NCCL sums f32 and f64, not {dtype:?}"),
            };
            summed.map(|_| ()).map_err(|error| candle_core::Error::Msg(format!("NCCL: {error:?}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_get_the_sum_in_each_round() {
        let sums: Vec<Vec<Vec<f64>>> = std::thread::scope(|scope| {
            let ends = Threads::new(3).into_iter();
            let run = |end: Threads| {
                let give = |round: usize| end.sum_numbers(&[end.rank() as f64, round as f64]).unwrap();
                (0..50).map(give).collect::<Vec<_>>()
            };
            let handles: Vec<_> = ends.map(|end| scope.spawn(move || run(end))).collect();
            handles.into_iter().map(|h| h.join().unwrap()).collect()
        });
        for rounds in sums {
            assert!(rounds.iter().enumerate().all(|(round, sum)| *sum == [3.0, 3.0 * round as f64]), "{rounds:?}");
        }
    }

    #[test]
    fn all_threads_get_the_lists_of_each() {
        let gathered: Vec<_> = std::thread::scope(|scope| {
            let run = |end: Threads| {
                let own: Vec<f64> = (0..end.rank()).map(|i| (10 * end.rank() + i) as f64).collect();
                (
                    end.gather(&own).unwrap(),
                    end.gather(&[]).unwrap(),
                    end.gather_text(["", "é", "ab"][end.rank()]).unwrap(),
                )
            };
            let handles: Vec<_> = Threads::new(3).into_iter().map(|end| scope.spawn(move || run(end))).collect();
            handles.into_iter().map(|h| h.join().unwrap()).collect()
        });
        for (lists, nothing, texts) in gathered {
            assert_eq!(lists, [vec![], vec![10.0], vec![20.0, 21.0]]);
            assert_eq!((nothing, texts), (vec![vec![]; 3], ["", "é", "ab"].map(str::to_owned).to_vec()));
        }
        assert_eq!(Solo.gather(&[1.0]).unwrap(), [[1.0]]);
    }

    #[test]
    fn a_thread_that_ends_is_noticed() {
        let mut ends = Threads::new(2);
        let last = ends.pop().unwrap();
        let error = std::thread::scope(|scope| {
            let waiting = scope.spawn(move || last.sum_numbers(&[1.0]).unwrap_err());
            drop(ends);
            waiting.join().unwrap()
        });
        assert!(error.to_string().contains("another thread ended"), "{error}");
    }
}
