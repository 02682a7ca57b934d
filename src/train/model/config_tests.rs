use super::*;

fn base() -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 32, "hidden_size": 16,
        "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "hidden_act": "silu", "torch_dtype": "bfloat16",
    })
}

fn parse(changes: Value) -> Result<ModelConfig> {
    let mut value = base();
    for (key, change) in changes.as_object().unwrap() {
        value[key] = change.clone();
    }
    ModelConfig::parse(value.to_string().as_bytes(), "m/config.json")
}

#[track_caller]
fn rope(changes: Value, theta: f64, scaling: RopeScaling) {
    let config = parse(changes).unwrap();
    assert_eq!(config.rope, Rope { theta, scaling });
    let again = ModelConfig::parse(config.to_json().as_bytes(), "again").unwrap();
    assert_eq!(again.rope, config.rope);
    assert_eq!(again.rest["torch_dtype"], "bfloat16");
    assert_eq!(ModelConfig { rest: Map::new(), ..again }, ModelConfig { rest: Map::new(), ..config });
}

#[track_caller]
fn refused(changes: Value, message: &str) {
    let error = parse(changes).unwrap_err().to_string();
    assert!(error.starts_with("m/config.json: ") && error.contains(message), "{error}");
}

#[test]
fn both_forms_of_the_rotary_keys_are_read() {
    rope(json!({}), 1e4, RopeScaling::Default);
    rope(json!({"rope_theta": 5e5}), 5e5, RopeScaling::Default);
    rope(json!({"rope_theta": 5e5, "rope_scaling": null}), 5e5, RopeScaling::Default);
    rope(json!({"rope_parameters": {"rope_type": "default", "rope_theta": 5e5}}), 5e5, RopeScaling::Default);
    let linear = RopeScaling::Linear { factor: 4.0 };
    rope(json!({"rope_theta": 100_000, "rope_scaling": {"type": "linear", "factor": 4.0}}), 1e5, linear);
    rope(json!({"rope_parameters": {"rope_type": "linear", "factor": 4, "rope_theta": 1e5}}), 1e5, linear);
    let llama3 = RopeScaling::Llama3 { factor: 8.0, low_freq_factor: 1.0, high_freq_factor: 4.0, original_context: 32 };
    let table = json!({"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32});
    rope(json!({"rope_theta": 5e5, "rope_scaling": table}), 5e5, llama3);
    let mut new = table.clone();
    new["rope_theta"] = json!(5e5);
    rope(json!({ "rope_parameters": new }), 5e5, llama3);
}

#[test]
fn what_is_not_known_is_refused() {
    refused(json!({"architectures": ["MixtralForCausalLM"]}), "architectures: expected one of LlamaForCausalLM");
    refused(json!({"model_type": "mistral"}), "model_type: expected one of llama, qwen2, qwen3, found \"mistral\"");
    refused(json!({"model_type": "qwen2"}), "model_type: expected \"llama\", as architectures says");
    refused(json!({"hidden_act": "gelu"}), "hidden_act: expected \"silu\", found \"gelu\"");
    refused(json!({"rope_scaling": {"type": "yarn", "factor": 2}}), "rope_scaling.type: expected one of default");
    refused(
        json!({"rope_scaling": {"factor": 2}}),
        "rope_scaling.type: expected one of default, linear, llama3, found nothing",
    );
    refused(
        json!({"rope_scaling": {"type": "linear"}}),
        "rope_scaling.factor: expected a positive number, found nothing",
    );
    refused(
        json!({"rope_scaling": {"type": "linear", "factor": 2, "beta": 1}}),
        "rope_scaling.beta: expected no such key",
    );
    refused(json!({"rope_parameters": {"rope_type": "default"}}), "rope_parameters.rope_theta: expected a positive");
    refused(
        json!({"rope_theta": 1, "rope_parameters": {"rope_type": "default", "rope_theta": 2}}),
        "rope_theta: expected 2",
    );
    refused(json!({"sliding_window": 1024}), "sliding_window: expected null");
    refused(json!({"use_sliding_window": true, "sliding_window": 8}), "use_sliding_window: expected false");
    refused(json!({"layer_types": ["full_attention", "sliding_attention"]}), "layer_types: expected full_attention");
    refused(json!({"mlp_bias": true}), "mlp_bias");
    refused(json!({"quantization_config": {}}), "quantization_config");
    refused(
        json!({"num_key_value_heads": 3}),
        "num_key_value_heads: expected a divisor of num_attention_heads, 4, found 3",
    );
    refused(json!({"vocab_size": null}), "vocab_size: expected a positive whole number, found nothing");
    refused(json!({"vocab_size": -1}), "vocab_size: expected a positive whole number, found -1");
    refused(json!({"hidden_size": 18}), "head_dim: expected a number");
    refused(json!({"head_dim": 3}), "head_dim: expected an even number");
    assert!(parse(json!({"use_sliding_window": false, "sliding_window": 4096})).is_ok());
    let error = ModelConfig::parse(b"[1]", "x").unwrap_err().to_string();
    assert_eq!(error, "x: expected a model's config.json: it holds no table");
}

#[test]
fn the_families_differ_where_they_should() {
    let llama = parse(json!({})).unwrap();
    assert_eq!(
        (llama.head_dim, llama.qkv_bias, llama.output_bias, llama.qk_norm, llama.tied),
        (4, false, false, false, false)
    );
    let biased = parse(json!({"attention_bias": true})).unwrap();
    assert_eq!((biased.qkv_bias, biased.output_bias), (true, true));
    let qwen2 = parse(json!({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"})).unwrap();
    assert_eq!((qwen2.qkv_bias, qwen2.output_bias, qwen2.qk_norm), (true, false, false));
    let qwen3 = json!({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "tie_word_embeddings": true});
    let qwen3 = parse(qwen3).unwrap();
    assert_eq!((qwen3.head_dim, qwen3.qkv_bias, qwen3.qk_norm, qwen3.tied), (128, false, true, true));
    let old = json!({"architectures": null, "num_key_value_heads": null});
    assert_eq!(parse(old).unwrap().kv_heads, 4);
}
