//! The reference Device and Service Provider against each other, joined in one process under virtual time.

mod codes;
mod commands;
mod consent;
mod diagrams;
mod failures;
mod firmware;
mod fuse;
mod harness;
mod hostile;
mod plans;
mod power;
mod provider_restart;
mod provisioning;
mod refusals;
mod reporting;
mod restart;
mod supply;
