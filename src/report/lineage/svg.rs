//! A picture of the lineage, light or dark as the reader prefers: `lineage.svg`.

use askama::Template;

use super::LineageReport;
use super::drawing::Drawing;
use crate::model::display::clean;

#[derive(Template)]
#[template(path = "lineage/picture.svg", config = "src/report/askama.toml")]
struct Picture {
    title: String,
    drawing: Drawing,
}

impl LineageReport<'_> {
    /// One SVG document.
    pub fn to_svg(&self) -> Result<String, askama::Error> {
        let title = clean(&self.title()).into_owned();
        Picture { title, drawing: self.drawing() }.render()
    }
}
