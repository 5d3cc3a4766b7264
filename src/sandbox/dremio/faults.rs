//! Which request goes wrong, and how. Random faults follow from the seed, the request and how often
//! it was sent, so that a run does not depend on what happens to be under way at the same time.

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use super::options::{DremioOptions, Fault};

#[derive(Debug)]
struct Planned {
    left: usize,
    prefix: String,
    fault: Fault,
}

/// Faults to come, and how often each request was seen.
#[derive(Debug, Default)]
pub(super) struct FaultPlan {
    planned: Vec<Planned>,
    seen: FxHashMap<u64, u32>,
}

impl FaultPlan {
    pub(super) fn fail_next(&mut self, times: usize, prefix: &str, fault: Fault) {
        self.planned.push(Planned { left: times, prefix: prefix.to_owned(), fault });
    }

    pub(super) fn clear(&mut self) {
        self.planned.clear();
    }

    /// The fault of this request. `is_api` = not a login or a probe; those only fail as planned.
    pub(super) fn draw(
        &mut self,
        method: &str,
        target: &str,
        body: &[u8],
        is_api: bool,
        options: &DremioOptions,
    ) -> Option<Fault> {
        let due = self.planned.iter_mut().find(|planned| {
            planned.left > 0
                && (target.starts_with(&planned.prefix)
                    || api_part(target).starts_with(&planned.prefix))
        });
        if let Some(planned) = due {
            planned.left -= 1;
            return Some(planned.fault.clone());
        }
        let faults = &options.faults;
        let shares = [
            (faults.unavailable, Fault::Unavailable),
            (faults.throttled, Fault::Throttled { retry_after: faults.retry_after }),
            (faults.reset, Fault::Reset),
            (faults.truncated, Fault::Truncated),
            (faults.cut_off, Fault::CutOff),
            (faults.html, Fault::Html),
            (faults.slow, Fault::Slow(faults.slow_by)),
        ];
        if !is_api || shares.iter().all(|(share, _)| *share <= 0.0) {
            return None;
        }
        let mut hasher = FxHasher::default();
        (method, target, body).hash(&mut hasher);
        let request = hasher.finish();
        let times = self.seen.entry(request).or_default();
        *times += 1;
        // Two seeds that differ in one bit must not give like numbers, hence the warm-up.
        let mut random = fastrand::Rng::with_seed(
            options.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ request ^ u64::from(*times) << 32,
        );
        random.u64(..);
        let drawn = random.f64();
        let mut sum = 0.0;
        shares.into_iter().find_map(|(share, fault)| {
            sum += share;
            (drawn < sum).then_some(fault)
        })
    }
}

/// A target without the edition's base, so that one prefix serves all: `/catalog/…`.
fn api_part(target: &str) -> &str {
    if let Some(rest) = target.strip_prefix("/api/v3") {
        return rest;
    }
    let project = target.strip_prefix("/v0/projects/");
    project.and_then(|rest| rest.find('/').map(|at| &rest[at..])).unwrap_or(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::dremio::options::Faults;

    #[test]
    fn random_faults_are_about_as_many_as_asked_for_and_the_same_each_time() {
        let faults = Faults { unavailable: 0.05, reset: 0.05, ..Faults::default() };
        let options = DremioOptions { faults, ..DremioOptions::default() };
        let run = || {
            let mut plan = FaultPlan::default();
            (0..4_000)
                .map(|n| plan.draw("GET", &format!("/api/v3/catalog/{n}"), b"", true, &options))
                .collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        let count = |fault: &Fault| first.iter().flatten().filter(|drawn| *drawn == fault).count();
        assert!((150..250).contains(&count(&Fault::Unavailable)), "{first:?}");
        assert!((150..250).contains(&count(&Fault::Reset)));
    }

    #[test]
    fn planned_faults_meet_their_prefix_in_every_edition() {
        let options = DremioOptions::default();
        let mut plan = FaultPlan::default();
        plan.fail_next(2, "/catalog", Fault::Html);
        assert_eq!(plan.draw("GET", "/api/v3/job/1", b"", true, &options), None);
        assert_eq!(plan.draw("GET", "/api/v3/catalog", b"", true, &options), Some(Fault::Html));
        let cloud = "/v0/projects/p/catalog/x";
        assert_eq!(plan.draw("GET", cloud, b"", true, &options), Some(Fault::Html));
        assert_eq!(plan.draw("GET", cloud, b"", true, &options), None);
    }
}
