//! The loop of reinforcement learning: explore, judge, learn; and between iterations, the reference and the reward model.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::config::RlConfig;
use super::explore::{Exploration, Explorer, Wanted, transcripts};
use super::learn::{Critic, Learner, Learnt};
use super::questions::Questions;
use super::reference::Reference;
use super::rewards;
use crate::io::atomic;
use crate::train::checkpoint;
use crate::train::comm::Comm;
use crate::train::data::template::Template;
use crate::train::data::vocabulary::Vocabulary;
use crate::train::error::{Result, TrainError};
use crate::train::lora::Lora;
use crate::train::metrics::Metrics;
use crate::train::model::Model;
use crate::train::model::weights::View;
use crate::train::optim::AdamW;
use crate::train::paradigm::{Method, Objective, Source};
use crate::train::params::save::Stored;
use crate::train::params::{companions, peft};
use crate::train::reward::WeightedSum;
use crate::train::reward_model::examples::Reading;
use crate::train::reward_model::{ScalarModel, ScalarOptimizer};
use crate::train::run::{RunOptions, end_tokens, language, place_of};
use crate::train::sample::{Limits, Sampler};
use crate::train::tool::sandbox::Sandbox;
use crate::train::tool::settings::ToolSettings;

const REFERENCE: &str = "reference.safetensors";
const VALUE: &str = "value";
const REWARD: &str = "reward";

/// Where a run is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// Steps taken.
    step: u64,
    /// Questions asked.
    asked: u64,
    /// Stands for the method and all settings.
    config: String,
    /// Stands for the questions.
    data: String,
}

/// The figures of a step.
#[derive(Clone, Debug, Default, Serialize)]
struct Figures {
    step: u64,
    iteration: u64,
    loss: f64,
    reward_mean: f64,
    reward_std: f64,
    right: Option<f64>,
    equal_groups: f64,
    groups: u64,
    asked: u64,
    kl: f64,
    entropy: f64,
    clip_fraction: f64,
    length_mean: f64,
    length_max: u64,
    truncated: f64,
    grad_norm: f64,
    rate: f64,
    value_loss: Option<f64>,
    log_prob_difference: Option<f64>,
    sampled_tokens_per_s: f64,
    trained_tokens_per_s: f64,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct RlOutcome {
    /// Steps taken in all.
    pub steps: u64,
    /// Mean reward of the last step that this run took.
    pub reward: Option<f64>,
    /// The share of right answers in the last step, where a rule says.
    pub right: Option<f64>,
    /// Where the finished policy is.
    pub model: Option<PathBuf>,
}

/// A run before its first step.
pub struct RlRun<'a> {
    config: &'a RlConfig,
    comm: &'a dyn Comm,
    method: &'a Method,
    source: Source,
    policy: Model,
    vocabulary: Arc<Vocabulary>,
    template: Template,
    questions: Arc<Questions>,
    limits: Limits,
    tools: Option<(Sandbox, ToolSettings)>,
    reward: WeightedSum,
    /// The reward model that is trained on between iterations.
    reward_model: Option<(Arc<ScalarModel>, ScalarOptimizer)>,
    /// What the policy is held to.
    reference: Option<Reference>,
    /// The policy as it was when training began, where outputs are of that.
    first: Option<Reference>,
    critic: Option<Critic>,
}

/// A policy with what reads and writes for it.
pub(super) struct Loaded {
    pub(super) policy: Model,
    pub(super) vocabulary: Arc<Vocabulary>,
    pub(super) template: Template,
}

/// When the outputs of a policy end: at all tokens that its configuration ends texts with.
pub(super) fn limits(config: &RlConfig, policy: &Model, vocabulary: &Vocabulary, template: &Template) -> Limits {
    Limits { stop_tokens: end_tokens(policy, vocabulary, template), ..config.sampling.limits.clone() }
}

/// The sandbox of a configuration that has tools, and its settings. Without one that works nothing is run.
pub(super) fn tools(config: &RlConfig) -> Result<Option<(Sandbox, ToolSettings)>> {
    let probed = config.tool.as_ref().map(|settings| Ok((Sandbox::probe(settings)?, settings.clone())));
    probed.transpose()
}

/// The model that a configuration begins from, where the process of this number computes.
pub(super) fn load(config: &RlConfig, rank: usize) -> Result<Loaded> {
    let place = place_of(config.device, rank)?;
    let mut policy = Model::load(&config.model, &place)?;
    if let Some(lora) = &config.lora {
        let lora = Lora::new(lora.clone(), policy.config(), &place, config.seed)?;
        policy = policy.with_lora(lora);
    }
    let tokenizer = companions::tokenizer_of(&config.model, policy.config().vocab_size);
    let (vocabulary, template) = language(&policy, &tokenizer)?;
    Ok(Loaded { policy, vocabulary: Arc::new(vocabulary), template })
}

/// Checks that a model can read all that the policy may write.
fn check_reads(model: &ScalarModel, policy: &Model, questions: &Questions, limits: &Limits) -> Result<()> {
    let (own, policy) = (model.model().config(), policy.config());
    let longest = questions.iter().map(|q| q.prompt.len() + limits.tokens_max.max(q.solution.len())).max();
    let needed = longest.unwrap_or_default().min(policy.context);
    if own.context < needed || own.vocab_size < policy.vocab_size {
        let expected =
            format!("a context of {needed} tokens and a vocabulary of {}, as the policy's", policy.vocab_size);
        let found = format!("{} and {}", own.context, own.vocab_size);
        return Err(TrainError::argument("a reward or value model", expected, found));
    }
    Ok(())
}

impl<'a> RlRun<'a> {
    /// Loads policy, rewards and questions: whatever is wrong with them is said before training begins.
    ///
    /// # Errors
    /// A file is missing, damaged, or does not fit another.
    pub fn new(config: &'a RlConfig, method: &'a Method, comm: &'a dyn Comm) -> Result<Self> {
        let source = config.source(method)?;
        let Loaded { policy, vocabulary, template } = load(config, comm.rank())?;
        let reading = Reading { vocabulary: &vocabulary, template: &template, instruction: &config.data.instruction };
        let questions = Arc::new(Questions::load(&config.data, &reading, policy.config().context)?);
        let limits = limits(config, &policy, &vocabulary, &template);
        if source == Source::Given && questions.iter().any(|question| question.solution.is_empty()) {
            return Err(TrainError::Config {
                path: config.path.clone(),
                key: "data.solution".to_owned(),
                expected: "a field that every question has".to_owned(),
                found: format!("{:?}", config.data.solution),
            });
        }
        let tools = tools(config)?;
        let place = policy.place().clone();
        let (reward, models) = rewards::load(config, &vocabulary, &place)?;
        models.iter().try_for_each(|model| check_reads(model, &policy, &questions, &limits))?;
        // Only what is trained on has adapters.
        let trained = models.into_iter().next().filter(|_| config.iterations.reward_steps > 0);
        let reward_model = trained.map(|model| {
            let optimizer = ScalarOptimizer::new(config.adam, &model);
            (model, optimizer)
        });
        let held = match method.objective {
            Objective::Clipped => config.policy.beta > 0.0 || config.credit.kl_in_reward > 0.0,
            Objective::Preference => true,
            Objective::Likelihood => false,
        };
        let reference = if held { Some(Reference::of(&policy)?) } else { None };
        let first = if source == Source::Offline { Some(Reference::of(&policy)?) } else { None };
        let critic = if method.values {
            let model = rewards::with_adapters(ScalarModel::load(&config.value.path, &place)?, config)?;
            check_reads(&model, &policy, &questions, &limits)?;
            let optimizer = ScalarOptimizer::new(config.adam, &model);
            Some(Critic { model, optimizer })
        } else {
            None
        };
        Ok(Self {
            config,
            comm,
            method,
            source,
            policy,
            vocabulary,
            template,
            questions,
            limits,
            tools,
            reward,
            reward_model,
            reference,
            first,
            critic,
        })
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Model {
        &self.policy
    }

    /// The questions.
    #[must_use]
    pub fn questions(&self) -> &Questions {
        &self.questions
    }

    /// The vocabulary.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// When its outputs end.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn checkpoints(&self) -> PathBuf {
        self.config.output.join("checkpoints")
    }

    fn identity(&self) -> String {
        format!("{} {}", self.method.name, self.config.hash)
    }

    /// Where the run begins: at its start, or where its last checkpoint stands.
    fn begin(&mut self, resume: bool) -> Result<(State, AdamW)> {
        let checkpoints = self.checkpoints();
        let fresh = State { config: self.identity(), data: self.questions.key().to_owned(), ..State::default() };
        let Some(step) = checkpoint::steps(&checkpoints)?.last().copied() else {
            return Ok((fresh, AdamW::new(self.config.adam, self.policy.trained())));
        };
        let folder = checkpoint::folder(&checkpoints, step);
        if !resume {
            let expected = "one without checkpoints, or --resume";
            return Err(TrainError::argument("the output folder", expected, folder.display()));
        }
        let state: State = checkpoint::read_state(&folder)?;
        let both = [("settings", &fresh.config, &state.config), ("questions", &fresh.data, &state.data)];
        for (what, is, was) in both {
            if is != was {
                let expected = format!("the {what} that {} was trained with ({was})", folder.display());
                return Err(TrainError::argument("a run to resume", expected, format!("others ({is})")));
            }
        }
        let optimizer = checkpoint::restore(&folder, &self.policy, self.config.adam)?;
        if self.reference.is_some() && folder.join(REFERENCE).exists() {
            self.reference = Some(Reference::load(&folder.join(REFERENCE), &self.policy)?);
        }
        if let Some(critic) = &mut self.critic {
            critic.optimizer = ScalarOptimizer::restore(self.config.adam, &critic.model, &folder.join(VALUE))?;
        }
        if let Some((model, optimizer)) = &mut self.reward_model {
            *optimizer = ScalarOptimizer::restore(self.config.adam, model, &folder.join(REWARD))?;
        }
        tracing::info!(step, folder = %folder.display(), "resuming");
        Ok((state, optimizer))
    }

    fn save(&self, state: &State, optimizer: &AdamW) -> Result<()> {
        let config = self.config;
        checkpoint::save_with(&self.checkpoints(), state.step, None, config.save_keep, |new| {
            checkpoint::write_trained(new, &self.policy, optimizer)?;
            // A reference that never changes is the beginning, which is there anyway.
            if let Some(reference) = self.reference.as_ref().filter(|_| config.iterations.count > 1) {
                reference.save(&new.join(REFERENCE))?;
            }
            if let Some(critic) = &self.critic {
                critic.optimizer.write(&critic.model, &new.join(VALUE))?;
            }
            if let Some((model, optimizer)) = &self.reward_model {
                optimizer.write(model, &new.join(REWARD))?;
            }
            checkpoint::write_state(new, state)
        })?;
        Ok(())
    }

    /// Trains.
    ///
    /// # Errors
    /// A loss is not finite, the disk is full, or an output does not fit the model.
    pub fn train(&mut self, options: RunOptions) -> Result<RlOutcome> {
        let config = self.config;
        let (mut state, mut optimizer) = self.begin(options.resume)?;
        // The first process writes; what it knows, all know.
        let first = self.comm.rank() == 0;
        let mut metrics =
            if first { Some(Metrics::open(&config.output, state.step, config.steps, options.quiet)?) } else { None };
        let mut outcome = RlOutcome::default();
        let questions = self.questions.clone();
        while state.step < config.steps && options.stop_after.is_none_or(|last| state.step < last) {
            let iteration = self.iteration(state.step);
            if state.step > 0 && iteration != self.iteration(state.step - 1) {
                self.iterate(iteration, (state.step, state.asked))?;
            }
            let exploration = self.explore(&questions, &state)?;
            let begun = Instant::now();
            let rate = config.schedule.rate(state.step);
            let learnt = self.learn(&exploration, &mut optimizer, rate)?;
            let seconds = begun.elapsed().as_secs_f64();
            if !(learnt.loss.is_finite() && learnt.grad_norm.is_finite()) {
                let what = format!("loss {}, norm of the gradients {}", learnt.loss, learnt.grad_norm);
                return Err(TrainError::Diverged { step: state.step + 1, what });
            }
            state.step += 1;
            state.asked += exploration.asked;
            if let Some(metrics) = &mut metrics {
                let figures = figures(state.step, iteration, &exploration, &learnt, rate, seconds);
                let shown = ["reward_mean", "loss", "kl", "length_mean", "sampled_tokens_per_s"];
                metrics.figures(state.step, &figures, &shown)?;
                self.transcribe(state.step, &exploration)?;
            }
            (outcome.reward, outcome.right) = (Some(exploration.reward.0), exploration.right);
            if first && (state.step.is_multiple_of(config.save_every) || state.step == config.steps) {
                self.save(&state, &optimizer)?;
            }
        }
        if let Some(metrics) = &metrics {
            metrics.finish();
        }
        outcome.steps = state.step;
        if first && state.step == config.steps {
            outcome.model = Some(self.export()?);
        }
        Ok(outcome)
    }

    /// The iteration of a step, both from 0.
    fn iteration(&self, step: u64) -> u64 {
        step * self.config.iterations.count / self.config.steps
    }

    /// Section 4.1.4: the reference becomes the policy, and the reward model is trained on with outputs of the policy.
    fn iterate(&mut self, iteration: u64, taken: (u64, u64)) -> Result<()> {
        if self.reference.is_some() {
            self.reference = Some(Reference::of(&self.policy)?);
        }
        let Some((model, optimizer)) = &mut self.reward_model else { return Ok(()) };
        let reading = Reading {
            vocabulary: &self.vocabulary,
            template: &self.template,
            instruction: &self.config.data.instruction,
        };
        let renewal = super::renew::Renewal {
            config: self.config,
            questions: &self.questions,
            vocabulary: &self.vocabulary,
            limits: &self.limits,
            tools: self.tools.as_ref(),
            reading,
            comm: self.comm,
        };
        renewal.renew(&self.policy, model, optimizer, iteration, taken)
    }

    fn explore<'q>(&self, questions: &'q Questions, state: &State) -> Result<Exploration<'q>> {
        let config = self.config;
        let explorer = Explorer {
            questions,
            outputs: config.sampling.outputs,
            choosing: config.sampling.choosing,
            limits: &self.limits,
            tools: self.tools.as_ref(),
            vocabulary: &self.vocabulary,
            reward: &self.reward,
            seed: config.seed,
            fixed: self.first.is_some(),
            comm: self.comm,
        };
        if self.source == Source::Given {
            return Ok(explorer.given(state.asked, config.questions));
        }
        let weights = match &self.first {
            Some(first) => first.weights(&self.policy)?,
            None => self.policy.weights(View::Detached)?,
        };
        let sampler = Sampler::with_weights(self.policy.decoder(), weights, Some(&self.vocabulary));
        // The first policy's outputs to a question are the same whenever it is asked.
        let step = if self.first.is_some() { 0 } else { state.step + 1 };
        let wanted = Wanted { groups: config.questions, refills: config.drop_equal.then_some(config.refills_max) };
        explorer.explore(&sampler, state.asked, step, wanted)
    }

    fn learn(&mut self, exploration: &Exploration<'_>, optimizer: &mut AdamW, rate: f64) -> Result<Learnt> {
        let config = self.config;
        let learner = Learner {
            config,
            method: self.method,
            source: self.source,
            policy: &self.policy,
            reference: self.reference.as_ref(),
            comm: self.comm,
        };
        if exploration.groups.is_empty() {
            return Ok(Learnt::default());
        }
        let value_rate = config.value.rate * rate / config.schedule.peak;
        learner.learn(&exploration.groups, optimizer, self.critic.as_mut(), rate, value_rate)
    }

    fn transcribe(&self, step: u64, exploration: &Exploration<'_>) -> Result<()> {
        if self.config.transcripts == 0 {
            return Ok(());
        }
        let lines = transcripts(&exploration.groups, self.config.transcripts, &self.vocabulary)?;
        let path = self.config.output.join("transcripts").join(format!("step-{step:08}.jsonl"));
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        Ok(atomic::write(path, text)?)
    }

    /// The finished policy, as transformers loads it; adapters as PEFT does.
    fn export(&self) -> Result<PathBuf> {
        export(&self.policy, &self.config.model, &self.config.output.join("model"))
    }
}

/// Writes a policy, as transformers loads it; its adapters alone, as PEFT does, where it has some.
pub(super) fn export(policy: &Model, base: &Path, folder: &Path) -> Result<PathBuf> {
    match policy.lora() {
        Some(lora) => peft::write(folder, lora, &base.to_string_lossy())?,
        None => {
            let half = policy.place().dtype == candle_core::DType::BF16;
            policy.save(folder, if half { Stored::Bf16 } else { Stored::F32 })?;
        }
    }
    Ok(folder.to_owned())
}

fn figures(step: u64, iteration: u64, found: &Exploration<'_>, learnt: &Learnt, rate: f64, seconds: f64) -> Figures {
    let sampled = &found.sampled;
    let of = |sum: f64, count: u64| sum / count.max(1) as f64;
    Figures {
        step,
        iteration,
        loss: learnt.loss,
        reward_mean: found.reward.0,
        reward_std: found.reward.1,
        right: found.right,
        equal_groups: found.equal as f64 / found.asked.max(1) as f64,
        groups: found.groups.len() as u64,
        asked: found.asked,
        kl: learnt.kl,
        entropy: of(sampled.entropy, sampled.chosen),
        clip_fraction: learnt.clip_fraction,
        length_mean: of(sampled.length as f64, sampled.outputs),
        length_max: sampled.longest,
        truncated: of(sampled.cut as f64, sampled.outputs),
        grad_norm: learnt.grad_norm,
        rate,
        value_loss: (learnt.value_loss != 0.0).then_some(learnt.value_loss),
        log_prob_difference: learnt.log_prob_difference,
        sampled_tokens_per_s: sampled.chosen as f64 / found.seconds.max(1e-9),
        trained_tokens_per_s: learnt.tokens as f64 / seconds.max(1e-9),
    }
}

#[cfg(test)]
mod tests;
