//! Small PTX texts with known answers.

mod arithmetic;
mod control;
mod convert;
mod data;
mod faults;

use std::sync::Arc;

use crate::decode::{Addresses, decode};
use crate::launch::{Fault, Shape, Work, run};
use crate::memory::Memory;
use crate::ptx;

/// A card with memory, and a kernel on it.
struct Bench {
    memory: Memory,
    blocks: [u32; 3],
    threads: [u32; 3],
    dynamic_shared: usize,
    budget: u64,
    work: Work,
}

impl Bench {
    fn new(blocks: u32, threads: u32) -> Self {
        Self {
            memory: Memory::new(1 << 30, 0, true),
            blocks: [blocks, 1, 1],
            threads: [threads, 1, 1],
            dynamic_shared: 0,
            budget: 10_000_000,
            work: Work::default(),
        }
    }

    /// The address of memory that holds these words.
    fn words(&mut self, words: &[u32]) -> u64 {
        let address = self.memory.allocate(4 * words.len() as u64).unwrap();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.memory
            .write(address, bytes.len() as u64)
            .unwrap()
            .copy_from_slice(&bytes);
        address
    }

    fn read(&self, address: u64, words: usize) -> Vec<u32> {
        let bytes = self.memory.read(address, 4 * words as u64).unwrap();
        bytes
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
            .collect()
    }

    /// Runs a kernel's body over parameters of 64 bits, which are called `p0`, `p1` and so on.
    fn run(&mut self, body: &str, parameters: &[u64]) -> Result<(), Fault> {
        self.run_with("", body, parameters)
    }

    /// The same with other declarations before it.
    fn run_with(&mut self, before: &str, body: &str, parameters: &[u64]) -> Result<(), Fault> {
        let names: Vec<String> = (0..parameters.len())
            .map(|number| format!(".param .u64 p{number}"))
            .collect();
        let names = names.join(", ");
        let text = format!(
            ".version 6.4\n.target sm_60\n.address_size 64\n{before}\n\
             .visible .entry kernel({names})\n{{\n\
             .reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<20>; .reg .f32 %f<9>;\n\
             .reg .b64 %rd<20>; .reg .f64 %fd<9>;\n{body}\nret;\n}}\n"
        );
        let source = ptx::read(&text).unwrap();
        let mut addresses = Addresses::new();
        for one in source
            .variables
            .iter()
            .filter(|one| one.space == ptx::Space::Global)
        {
            let address = self.memory.allocate(one.size as u64).unwrap();
            let target = self.memory.write(address, one.size as u64).unwrap();
            target[..one.initial.len()].copy_from_slice(&one.initial);
            addresses.insert(one.name.clone(), address);
        }
        let kernel = source.functions.iter().find(|one| one.is_entry).unwrap();
        let text: Arc<str> = text.as_str().into();
        let program = decode(&source, kernel, &addresses, &text).unwrap();
        let shape = Shape {
            card: 0,
            blocks: self.blocks,
            threads: self.threads,
            dynamic_shared: self.dynamic_shared,
            parameters: parameters
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        };
        self.work = run(&program, &mut self.memory, &shape, self.budget, None)?;
        Ok(())
    }

    /// What is said of a kernel that does wrong, and the code.
    fn fault(&mut self, body: &str, parameters: &[u64]) -> (u32, String) {
        let fault = self.run(body, parameters).unwrap_err();
        (fault.code, fault.message)
    }
}

/// What an instruction leaves in `%r0`, `%rd0` or another `result`, of values that are found in `%r1`, `%rd1`, `%f1`,
/// `%fd1`, `%h1` and so on.
fn of(instruction: &str, result: &str, values: &[u64]) -> u64 {
    let mut bench = Bench::new(1, 1);
    let out = bench.words(&[0, 0]);
    let mut parameters = vec![out];
    let mut body = "ld.param.u64 %rd19, [p0]; mov.u64 %rd0, 0;\n".to_owned();
    for (index, &value) in values.iter().enumerate() {
        let number = index + 1;
        parameters.push(value);
        body += &format!(
            "ld.param.u64 %rd{number}, [p{number}]; cvt.u32.u64 %r{number}, %rd{number};\n\
             mov.b32 %f{number}, %r{number}; mov.b64 %fd{number}, %rd{number};\n\
             cvt.u16.u32 %h{number}, %r{number};\n"
        );
    }
    body += instruction;
    body += &match &result[..2] {
        "%p" => format!("selp.u32 %r0, 1, 0, {result}; cvt.u64.u32 %rd0, %r0;"),
        "%f" if result.starts_with("%fd") => format!("mov.b64 %rd0, {result};"),
        "%f" => format!("mov.b32 %r0, {result}; cvt.u64.u32 %rd0, %r0;"),
        "%h" => format!("cvt.u64.u16 %rd0, {result};"),
        _ if result.starts_with("%rd") => String::new(),
        _ => format!("cvt.u64.u32 %rd0, {result};"),
    };
    body += "\nst.global.u64 [%rd19], %rd0;";
    bench.run(&body, &parameters).unwrap();
    let words = bench.read(out, 2);
    u64::from(words[0]) | u64::from(words[1]) << 32
}

/// Of 32-bit values, in `%r0`.
fn of32(instruction: &str, values: &[u32]) -> u32 {
    let values: Vec<u64> = values.iter().map(|&value| u64::from(value)).collect();
    of(instruction, "%r0", &values) as u32
}

/// Of singles, in `%f0`.
fn of_singles(instruction: &str, values: &[f32]) -> f32 {
    let values: Vec<u64> = values
        .iter()
        .map(|value| u64::from(value.to_bits()))
        .collect();
    f32::from_bits(of(instruction, "%f0", &values) as u32)
}
