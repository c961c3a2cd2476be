//! The eBPF tier: our programs in the kernel.

mod call;
mod load;

#[cfg(test)]
mod tests {
    use super::load::*;
    #[test]
    fn every_program_loads() {
        let t = std::time::Instant::now();
        let programs = Programs::prepare(&Setup { ring_bytes: Some(1 << 20), pid_namespace: 0 });
        let programs = programs.unwrap_or_else(|e| panic!("{e}"));
        eprintln!("prepare {:?}", t.elapsed());
        let mut bad = 0;
        for program in PROGRAMS {
            let t = std::time::Instant::now();
            match programs.load(program) {
                Ok(_) => eprintln!("{} {:?}", program.name, t.elapsed()),
                Err(refused) => { bad += 1; eprintln!("{refused}") }
            }
        }
        assert_eq!(bad, 0);
    }
}
