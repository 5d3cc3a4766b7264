//! The panel below the graph: how the columns of a dataset are made, or what flows along an edge.

use std::collections::BTreeMap;

use ratatui::text::{Line, Span};

use super::scene::Scene;
use super::words;
use crate::graph::focus::Subject;
use crate::lineage::{ColumnEdge, Edge, LineageNode, NodeIndex, NodeRole, Origin};
use crate::model::display::{clean, truncate_middle, truncate_to_width, width};
use crate::model::path::fold;
use crate::sqlflow::Kind;
use crate::tui::core::shown_path;
use crate::tui::lineage_model::LineageModel;
use crate::tui::theme::Theme;
use crate::tui::widgets::sql;
use crate::tui::widgets::text::{counted, cut, fit, spans_width, spread, wrap};

/// Cells that a column's name gets at most.
const NAME: usize = 28;
/// Edges of which a folder's box lists no more.
const EDGES: usize = 50;

/// What the panel is about.
pub(super) struct Panel<'a> {
    pub(super) model: &'a LineageModel,
    pub(super) scene: &'a Scene,
    pub(super) theme: &'a Theme,
    pub(super) cells: usize,
}

impl Panel<'_> {
    fn node(&self, index: usize) -> &LineageNode {
        &self.model.graph().nodes()[index]
    }

    /// The lines about a box.
    pub(super) fn of_box(&self, at: usize) -> Vec<Line<'static>> {
        match &self.scene.graph.nodes[at].subject {
            Subject::Node(node) => self.dataset(*node),
            Subject::Folder { group, members } => {
                let parts = &self.model.outline().groups()[*group].parts;
                let name = parts.iter().map(|part| clean(part)).collect::<Vec<_>>().join(".");
                let right = format!("folder · {}", counted(members.len(), "dataset"));
                let mut lines = vec![self.title(
                    vec![
                        Span::styled("▪ ", self.theme.folder),
                        Span::styled(name, self.theme.strong),
                    ],
                    right,
                )];
                lines.extend(members.iter().map(|node| {
                    let text = shown_path(&self.node(*node).path);
                    self.cut(vec![Span::raw("  "), Span::styled(text, self.theme.base)])
                }));
                lines
            }
        }
    }

    fn title(&self, left: Vec<Span<'static>>, right: String) -> Line<'static> {
        spread(left, vec![Span::styled(right, self.theme.soft)], self.cells)
    }

    fn cut(&self, spans: Vec<Span<'static>>) -> Line<'static> {
        Line::from(cut(spans, self.cells))
    }

    fn text(&self, text: &str, style: ratatui::style::Style) -> Vec<Line<'static>> {
        wrap(text, self.cells)
            .into_iter()
            .map(|line| Line::from(Span::styled(line, style)))
            .collect()
    }

    fn dataset(&self, index: usize) -> Vec<Line<'static>> {
        let (node, theme) = (self.node(index), self.theme);
        let at = NodeIndex(u32::try_from(index).unwrap_or(u32::MAX));
        let graph = self.model.graph();
        let mut about = vec![words::word(node.role).to_owned()];
        if let Some(reading) = &node.reading {
            about.push(format!(
                "{} of {} traced",
                reading.traced_columns,
                counted(reading.columns, "column")
            ));
        } else if !node.columns.is_empty() {
            about.push(counted(node.columns.len(), "column"));
        }
        let readers = graph.downstream(at).len();
        if readers > 0 {
            about.push(format!("read by {readers}"));
        }
        let about = about.join(" · ");
        let room = self.cells.saturating_sub(width(&about) + 4);
        let path = words::path(&shown_path(&node.path), node.path.parts(), room);
        let mut lines = vec![self.title(
            vec![
                Span::styled(words::sign(node.role), words::style(node.role, theme)),
                Span::styled(format!(" {path}"), theme.strong),
            ],
            about,
        )];
        if node.role == NodeRole::Missing {
            let text = match &node.unchecked {
                Some(why) => format!("? Views name it; whether it is there is not known: {why}"),
                None => "! Views name it, and it is not there.".to_owned(),
            };
            lines.extend(self.text(&text, theme.warning));
        }
        lines.extend(self.diagnostics(node));
        lines.extend(self.made_of(at));
        lines
    }

    fn diagnostics(&self, node: &LineageNode) -> Vec<Line<'static>> {
        let Some(reading) = &node.reading else { return Vec::new() };
        let mut lines = Vec::new();
        if let Some((word, is_grave)) = words::trouble(node) {
            let look = if is_grave { self.theme.error } else { self.theme.warning };
            if reading.diagnostics.is_empty() {
                lines.extend(self.text(&format!("! {word}"), look));
            }
            for found in &reading.diagnostics {
                let text =
                    format!("! {word}, line {}:{}: {}", found.line, found.column, found.message);
                lines.extend(self.text(&text, look));
            }
        }
        lines
    }

    /// How each column is made, in the order of the columns; of a trace only those on it.
    fn made_of(&self, at: NodeIndex) -> Vec<Line<'static>> {
        let graph = self.model.graph();
        let mut by_column: BTreeMap<String, Vec<(NodeIndex, &ColumnEdge)>> = BTreeMap::new();
        for (_, edge) in graph.upstream(at) {
            for step in &edge.columns {
                by_column.entry(fold(&step.to)).or_default().push((edge.from, step));
            }
        }
        let traced = self.scene.trace.as_ref().map(|trace| trace.columns.get(&at.index()));
        let names: Vec<&str> = graph.node(at).columns.iter().map(|name| &**name).collect();
        let wanted = |folded: &String| {
            traced.is_none_or(|columns| columns.is_some_and(|columns| columns.contains(folded)))
        };
        let known = names.iter().map(|name| fold(name));
        let others: Vec<String> = by_column
            .keys()
            .filter(|name| !names.iter().any(|n| fold(n) == **name))
            .cloned()
            .collect();
        let order: Vec<String> = known.chain(others).filter(wanted).collect();
        let widest = order.iter().map(|name| width(&clean(name))).max().unwrap_or(0).clamp(6, NAME);
        let is_view = graph.node(at).role == NodeRole::View;
        let is_known = graph
            .node(at)
            .reading
            .as_ref()
            .is_some_and(|reading| reading.traced_columns == reading.columns);
        order
            .iter()
            .flat_map(|folded| {
                let spelled = names.iter().find(|name| fold(name) == *folded).copied();
                let name = spelled.unwrap_or(folded);
                let steps = by_column.get(folded).map_or(&[][..], Vec::as_slice);
                let look = if traced.is_some() { self.theme.busy } else { self.theme.base };
                let mut head = Span::styled(format!("  {}  ", fit(name, widest)), look);
                let fragments = self.fragments(steps);
                if fragments.is_empty() {
                    let word = match is_view {
                        true if is_known => "a constant, or a count of rows",
                        true => "no source: a constant, or not known",
                        false => "",
                    };
                    return vec![self.cut(vec![head, Span::styled(word, self.theme.faint)])];
                }
                let count = fragments.len();
                let mut kind = words::kind(steps.first().map_or(Kind::Constant, |(_, s)| s.kind));
                let mut lines = Vec::new();
                for (number, (expression, sources)) in fragments.into_iter().enumerate() {
                    let mut spans = vec![head.clone(), Span::styled(fit(kind, 8), self.theme.call)];
                    spans.extend(self.numbered(number, count));
                    spans.extend(self.expression(expression, (self.cells / 2).max(20)));
                    spans.push(Span::styled("  ← ", self.theme.soft));
                    spans.push(Span::styled(sources.join(", "), self.theme.soft));
                    lines.push(self.cut(spans));
                    head = Span::raw(" ".repeat(widest + 4));
                    kind = "";
                }
                lines
            })
            .collect()
    }

    /// The SQL that one column comes through, each piece with the columns in it: a UNION or a CTE
    /// makes one column by several.
    fn fragments<'e>(&self, steps: &[(NodeIndex, &'e ColumnEdge)]) -> Vec<(&'e str, Vec<String>)> {
        let graph = self.model.graph();
        let mut fragments: Vec<(&str, Vec<String>)> = Vec::new();
        for (from, step) in steps {
            let table = clean(graph.node(*from).path.name()).into_owned();
            let source = format!("{table}.{}", clean(&step.from));
            for sql in step.fragments() {
                match fragments.iter_mut().find(|(other, _)| *other == sql) {
                    Some((_, sources)) if sources.contains(&source) => {}
                    Some((_, sources)) => sources.push(source.clone()),
                    None => fragments.push((sql, vec![source.clone()])),
                }
            }
        }
        fragments
    }

    /// `2 of 3 `, if there are several.
    fn numbered(&self, number: usize, count: usize) -> Option<Span<'static>> {
        let text = format!("{} of {count} ", number + 1);
        (count > 1).then(|| Span::styled(text, self.theme.soft))
    }

    /// SQL on one line, in colour.
    fn expression(&self, text: &str, room: usize) -> Vec<Span<'static>> {
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let flat = truncate_to_width(&flat, room).into_owned();
        sql::lines(&flat, self.theme).into_iter().flat_map(|line| line.spans).collect()
    }

    /// The lines about an edge between two boxes.
    pub(super) fn of_edge(&self, from: usize, to: usize) -> Vec<Line<'static>> {
        let graph = self.model.graph();
        let boxes = &self.scene.graph.nodes;
        let members = |at: usize| -> &[usize] { boxes.get(at).map_or(&[], |b| b.subject.nodes()) };
        let edges: Vec<&Edge> = members(to)
            .iter()
            .flat_map(|to| graph.upstream(NodeIndex(u32::try_from(*to).unwrap_or(u32::MAX))))
            .map(|(_, edge)| edge)
            .filter(|edge| members(from).contains(&edge.from.index()))
            .collect();
        match edges[..] {
            [] => {
                let text = "The edge leads through datasets that are hidden.";
                vec![self.ends(from, to, ""), Line::from(Span::styled(text, self.theme.soft))]
            }
            [edge] => self.edge(edge, from, to),
            _ => {
                let title = self.ends(from, to, &counted(edges.len(), "edge"));
                let line = |edge: &&Edge| {
                    let name = |at: NodeIndex| shown_path(&graph.node(at).path);
                    self.cut(vec![
                        Span::styled(format!("  {}", name(edge.from)), self.theme.base),
                        Span::styled(" → ", self.theme.soft),
                        Span::styled(name(edge.to), self.theme.base),
                        Span::styled(
                            format!("  {}", graph.told_by_in_words(edge)),
                            self.theme.soft,
                        ),
                    ])
                };
                std::iter::once(title).chain(edges.iter().take(EDGES).map(line)).collect()
            }
        }
    }

    fn ends(&self, from: usize, to: usize, right: &str) -> Line<'static> {
        let boxes = &self.scene.graph.nodes;
        let room = self.cells.saturating_sub(width(right) + 5);
        let name = |at: usize, cells: usize| {
            let Some(shown) = boxes.get(at) else { return String::new() };
            let node = self.scene.node(at).map(|index| self.node(index));
            let parts = node.map_or(&[][..], |node| node.path.parts());
            if parts.is_empty() {
                return truncate_middle(&clean(&shown.key), cells).into_owned();
            }
            words::path(&shown.key, parts, cells)
        };
        // What the one end does not need, the other has.
        let first = name(from, usize::MAX);
        let second = name(to, room.saturating_sub(width(&first)).max(room / 2));
        let first = name(from, room.saturating_sub(width(&second)));
        self.title(
            vec![
                Span::styled(first, self.theme.strong),
                Span::styled(" → ", self.theme.busy),
                Span::styled(second, self.theme.strong),
            ],
            right.to_owned(),
        )
    }

    fn edge(&self, edge: &Edge, from: usize, to: usize) -> Vec<Line<'static>> {
        let theme = self.theme;
        let mut about: Vec<String> =
            edge.origins.iter().map(|origin| format!("from {}", origin.name())).collect();
        if self.model.graph().is_disputed(edge) {
            let word = if edge.origins == [Origin::Dbt] { "not in the SQL" } else { "not in dbt" };
            about.push(word.to_owned());
        }
        about.push(words::confidence(edge.confidence).to_owned());
        let about = about.join(" · ");
        let names =
            [edge.from, edge.to].map(|at| width(&clean(self.model.graph().node(at).path.name())));
        let mut facts = Vec::new();
        // On a narrow panel the names have the first line for themselves.
        let has_room = names.iter().sum::<usize>() + width(&about) + 7 <= self.cells;
        let mut lines = vec![self.ends(from, to, if has_room { &about } else { "" })];
        if !has_room {
            facts.push(("known", about));
        }
        if let Some(at) = &edge.at {
            facts.push(("named in", format!("line {}, column {}", at.line, at.column)));
        }
        if let Some(function) = &edge.via_function {
            facts.push(("through function", shown_path(function)));
        }
        if !edge.versions.is_empty() {
            facts.push(("at version", edge.versions.join(", ")));
        }
        let mut rows: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for row in &edge.rows {
            rows.entry(row.influence).or_default().push(clean(&row.from).into_owned());
        }
        facts.extend(rows.iter().map(|(influence, names)| (influence.as_str(), names.join(", "))));
        for (word, text) in facts {
            lines.push(self.cut(vec![
                Span::styled(format!("  {word}  "), theme.header),
                Span::styled(clean(&text).into_owned(), theme.base),
            ]));
        }
        let traced = self
            .scene
            .trace
            .as_ref()
            .and_then(|trace| trace.edges.get(&(edge.from.index(), edge.to.index())));
        let on_trace = |step: &ColumnEdge| {
            traced.is_some_and(|pairs| pairs.contains(&(fold(&step.from), fold(&step.to))))
        };
        let mut steps: Vec<&ColumnEdge> = edge.columns.iter().collect();
        steps.sort_by_key(|step| !on_trace(step));
        let widest = |of: fn(&ColumnEdge) -> &str| {
            steps.iter().map(|step| width(&clean(of(step)))).max().unwrap_or(0).min(NAME)
        };
        let (left, right) = (widest(|step| &step.from), widest(|step| &step.to));
        if steps.is_empty() {
            let text =
                "No column flows along this edge; it decides rows, or its columns are unknown.";
            lines.extend(self.text(text, theme.soft));
        }
        for step in steps {
            let look = match (traced.is_some(), on_trace(step)) {
                (true, true) => theme.busy,
                (true, false) => theme.faint,
                _ => theme.base,
            };
            let mut spans = vec![
                Span::styled(format!("  {}", fit(&step.from, left)), look),
                Span::styled(" → ", theme.soft),
                Span::styled(format!("{}  ", fit(&step.to, right)), look),
                Span::styled(fit(words::kind(step.kind), 8), theme.call),
            ];
            if !step.influence.is_direct() {
                let word = step.influence.subtype_name().to_lowercase();
                spans.push(Span::styled(format!("only by {word}  "), theme.soft));
            }
            let (used, count) = (spans_width(&spans), step.further.len() + 1);
            for (number, sql) in step.fragments().enumerate() {
                spans.extend(self.numbered(number, count));
                spans.extend(self.expression(sql, self.cells.saturating_sub(used).max(20)));
                lines.push(self.cut(spans));
                spans = vec![Span::raw(" ".repeat(used))];
            }
        }
        lines
    }
}
