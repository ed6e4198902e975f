//! The shape of tables: every row as wide as the widest, as the editor wants them.

use super::model::{Block, Cell, Row};

/// Cells that are added to one table at most. A wide row above many short ones would otherwise
/// become a table much larger than its source; the editor copes with the rest.
const ADDED: usize = 20_000;

/// Columns of one cell; beyond is nonsense in every source.
const SPAN: u16 = 100;

/// Cuts spans that reach beyond the last row, and fills short rows with empty cells.
pub(crate) fn square(rows: &mut [Row]) {
    let count = rows.len();
    for (at, row) in rows.iter_mut().enumerate() {
        for cell in &mut row.cells {
            let left = u16::try_from(count - at).unwrap_or(u16::MAX);
            cell.rowspan = cell.rowspan.clamp(1, left.min(SPAN));
            cell.colspan = cell.colspan.clamp(1, SPAN);
            let fits = |widths: &Vec<u16>| widths.len() == usize::from(cell.colspan);
            cell.widths = cell.widths.take().filter(fits);
        }
    }
    let widths = widths(rows);
    let widest = widths.iter().copied().max().unwrap_or(0);
    let mut added = 0;
    for (row, width) in rows.iter_mut().zip(widths) {
        let header = row.cells.last().is_some_and(|cell| cell.header)
            && row.cells.iter().all(|cell| cell.header);
        for _ in width..widest {
            if added == ADDED {
                return;
            }
            added += 1;
            let blocks = vec![Block::Paragraph(Vec::new())];
            row.cells.push(Cell { blocks, ..Cell::new(header) });
        }
    }
}

/// How many columns each row covers, with what reaches into it from above.
pub(crate) fn widths(rows: &[Row]) -> Vec<usize> {
    let mut widths: Vec<usize> = vec![0; rows.len()];
    for (at, row) in rows.iter().enumerate() {
        for cell in &row.cells {
            let end = rows.len().min(at + usize::from(cell.rowspan));
            for width in &mut widths[at..end] {
                *width += usize::from(cell.colspan);
            }
        }
    }
    widths
}
