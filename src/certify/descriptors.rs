//! How many scenarios at a time the open files of this process allow.
//!
//! Every Device of a scenario holds about a dozen sockets, both ends of them in this process.

use super::CertifyError;

/// Open files that a run asks for: sockets of every scenario at once, with a margin.
const WANTED: u64 = 16_384;
/// What one scenario may need: measured with twenty Devices that all report, which ends in a shortage below 192 and
/// waits for none from 256 on (`ulimit -n 256 && castproof certify --jobs 1`).
const PER_SCENARIO: u64 = 300;

/// How many of the `jobs` that were asked for can run at the same time, once the limit is as high as it goes.
///
/// # Errors
/// [`CertifyError::Descriptors`] when not even one can.
pub fn affordable_jobs(jobs: usize) -> Result<usize, CertifyError> {
    // What cannot be raised or read is left as it is; a shortage is noticed where it is met.
    let limit = rlimit::increase_nofile_limit(WANTED).unwrap_or(WANTED);
    within(jobs, limit)
}

fn within(jobs: usize, limit: u64) -> Result<usize, CertifyError> {
    let most = usize::try_from(limit / PER_SCENARIO).unwrap_or(usize::MAX);
    if most == 0 {
        return Err(CertifyError::Descriptors { limit, needed: PER_SCENARIO });
    }
    Ok(jobs.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_give_way_to_the_limit_and_one_is_the_least() {
        assert_eq!(within(12, 20_000).unwrap(), 12);
        assert_eq!(within(12, 1_024).unwrap(), 3);
        assert_eq!(within(12, 300).unwrap(), 1);
        assert!(matches!(within(12, 299), Err(CertifyError::Descriptors { limit: 299, needed: 300 })));
    }
}
