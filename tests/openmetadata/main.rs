//! The quirks of OpenMetadata's API, each met by our client, plan and application on a sandbox that
//! has it.
//!
//! | # | quirk | test |
//! | --- | --- | --- |
//! | 1 | unknown path is 200 with a web page | `connection::quirk_01_…` |
//! | 2 | the version needs no token | `connection::quirk_02_…` |
//! | 3 | a bot's PUT never replaces a description | `words::quirk_03_…` |
//! | 4 | a user's PUT clears what it leaves out | `words::quirk_04_…` |
//! | 5 | a PUT only ever adds tags | `words::quirk_05_…` |
//! | 6 | a PUT never removes owners | `words::quirk_06_…` |
//! | 7 | SQL, order or display type alone are not stored | `tables::quirk_07_…` |
//! | 8 | a PATCH of a table erases the view's SQL | `tables::quirk_08_…` |
//! | 9 | dbt's facts erase the view's SQL | `tables::quirk_09_…` |
//! | 10 | left out properties of a table are cleared | `tables::quirk_10_…` |
//! | 11 | `changeDescription` is stale after a PUT that changes nothing | `tables::quirk_11_…` |
//! | 12 | a PUT revives what was deleted, with what is below it | `tables::quirk_12_…` |
//! | 13 | display types lower-cased, descriptions sanitised | `words::quirk_13_…` |
//! | 14 | a change of type is a deletion and an addition | `tables::quirk_14_…` |
//! | 15 | dropping a column rewrites edges | `edges::quirk_15_…` |
//! | 16 | a lineage PUT replaces everything | `edges::quirk_16_…` |
//! | 17 | unknown columns of an edge are dropped in silence | `edges::quirk_17_…` |
//! | 18 | a lineage PUT answers with an empty body | `edges::quirk_18_…` |
//! | 19 | ends of edges are ids when read, references when sent | `edges::quirk_19_…` |
//! | 20 | FQNs tell case apart, Dremio does not | `naming::quirk_20_…` |
//! | 21 | `"`, `>`, `::` and control characters are refused | `naming::quirk_21_…` |
//! | 22 | a folder path is one name with dots | `naming::quirk_22_…` |
//! | 23 | types without length, element or children are refused | `naming::quirk_23_…` |
//! | 24 | an unknown name in `fields` is refused | `connection::quirk_24_…` |
//! | 25 | a missing tag is 404 | `connection::quirk_25_…` |
//! | 26 | bulk answers 200 with failed rows | `connection::quirk_26_…` |
//! | 27 | 429 is a limit of the instance | `connection::quirk_27_…` |
//! | 28 | what the search backs lags behind | `connection::quirk_28_…` |
//! | 29 | older servers do not know the type `Dremio` | `service::quirk_29_…` |
//! | 30 | a connection is masked when read | `service::quirk_30_…` |
//! | 31 | inherited owners and derived tags in reads | `words::quirk_31_…` |
//! | 32 | asynchronous jobs tell their result elsewhere | `connection::quirk_32_…` |
//! | 33 | an edit in the UI erases SQL under an equal hash | `tables::quirk_33_…` |
//! | 34 | a PUT of a service may touch its connection | `service::quirk_34_…` |
//! | 35 | a PUT's answer echoes what may not be stored | `tables::quirk_35_…` |
//! | 36 | a user's PUT without data products removes them | `words::quirk_36_…` |
//! | 37 | a column's case alone is not stored, its edges are rewritten | `edges::quirk_37_…` |
#![cfg(feature = "demo")]

mod connection;
mod edges;
mod fqn;
mod lake;
mod naming;
mod referents;
mod service;
mod tables;
mod words;
