//! The policy as it was: the reference that the running policy is held to, or what offline outputs are sampled from.

use std::path::Path;

use crate::train::error::Result;
use crate::train::lora::Lora;
use crate::train::model::Model;
use crate::train::model::weights::{View, Weights};
use crate::train::params::hf::HfFiles;
use crate::train::params::save::{Stored, write_safetensors};
use crate::train::params::{Param, Params, names};

/// Copies of what is trained of a policy; what is frozen stays the policy's own.
#[derive(Debug)]
pub enum Reference {
    /// All parameters.
    Whole(Params),
    /// Adapters.
    Adapters(Lora),
}

impl Reference {
    /// The policy as it is now.
    ///
    /// # Errors
    /// The device is out of memory.
    pub fn of(policy: &Model) -> Result<Self> {
        Self::from_numbers(policy, |name| {
            let param = policy.trained().get(name);
            let master = param.map(Param::master).transpose()?;
            Ok(master.map(|numbers| numbers.flatten_all()?.to_vec1::<f32>()).transpose()?.unwrap_or_default())
        })
    }

    fn from_numbers(policy: &Model, numbers: impl Fn(&str) -> Result<Vec<f32>>) -> Result<Self> {
        let place = policy.place();
        Ok(match policy.lora() {
            Some(lora) => {
                let mut copy = Lora::from_numbers(lora.config().clone(), policy.config(), place, numbers)?;
                copy.freeze();
                Self::Adapters(copy)
            }
            None => Self::Whole(Params::build(names::shapes(policy.config()), place, false, |name, _| numbers(name))?),
        })
    }

    /// The tensors of a pass.
    ///
    /// # Errors
    /// A parameter is missing.
    pub fn weights(&self, policy: &Model) -> Result<Weights> {
        match self {
            Self::Whole(params) => Weights::new(policy.config(), params, None, View::Detached),
            Self::Adapters(lora) => Weights::new(policy.config(), policy.params(), Some(lora), View::Detached),
        }
    }

    /// Writes it to a file.
    ///
    /// # Errors
    /// The disk is full.
    pub fn save(&self, path: &Path) -> Result<()> {
        let params = match self {
            Self::Whole(params) => params,
            Self::Adapters(lora) => lora.params(),
        };
        let tensors = params.iter().map(|param| Ok((param.name().to_owned(), param.master()?)));
        write_safetensors(path, &tensors.collect::<Result<Vec<_>>>()?, Stored::F32)
    }

    /// Reads what [`save`](Self::save) wrote, for this policy.
    ///
    /// # Errors
    /// The file is damaged or is of another policy.
    pub fn load(path: &Path, policy: &Model) -> Result<Self> {
        let files = HfFiles::open_file(path)?;
        Self::from_numbers(policy, |name| files.read(name))
    }
}
