//! Messages over real connections, to receivers that behave in every way, and to the one that the guide shows.

mod endpoints;
mod example;
mod sending;
mod straying;
