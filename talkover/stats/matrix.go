package stats

import "slices"

// Matrix is one metric by two dimensions that have an order. It is complete: each place of
// either dimension is there that has a call in any row, and each of a week or a day.
type Matrix struct {
	Rows, Columns           []Value // of hours if there are any, else of weekdays, are the columns
	By                      [2]Dimension
	Cells                   [][]Measure // by row, then by column
	RowTotals, ColumnTotals []Measure
}

// Matrix lays out a metric of the rows of a report by two dimensions. It returns nil for
// any other report.
func (r *Report) Matrix(name Metric) *Matrix {
	if len(r.By) != 2 || !inOrder(r.By) {
		return nil
	}
	rows, columns := 0, 1
	if r.By[0] == ByHour || r.By[0] == ByWeekday && r.By[1] != ByHour {
		rows, columns = 1, 0
	}
	m := &Matrix{By: [2]Dimension{r.By[rows], r.By[columns]}}
	m.Rows, m.Columns = r.placesOf(rows), r.placesOf(columns)
	calls := int(r.Totals.M[Calls].Value)
	byRow, byColumn := make([][]Row, len(m.Rows)), make([][]Row, len(m.Columns))
	m.Cells = make([][]Measure, len(m.Rows))
	for i := range m.Cells {
		m.Cells[i] = make([]Measure, len(m.Columns))
		for j := range m.Columns {
			values := make([]Value, 2)
			values[rows], values[columns] = m.Rows[i], m.Columns[j]
			m.Cells[i][j] = r.none(values).M[name]
		}
	}
	for _, row := range r.Rows {
		i, j := slices.Index(m.Rows, row.Values[rows]), slices.Index(m.Columns, row.Values[columns])
		m.Cells[i][j] = row.M[name]
		byRow[i], byColumn[j] = append(byRow[i], row), append(byColumn[j], row)
	}
	for _, of := range byRow {
		m.RowTotals = append(m.RowTotals, Rest(of, calls).M[name])
	}
	for _, of := range byColumn {
		m.ColumnTotals = append(m.ColumnTotals, Rest(of, calls).M[name])
	}
	return m
}

// placesOf lists the places of a dimension of the report.
func (r *Report) placesOf(i int) []Value {
	d := r.By[i]
	var all []Value
	switch d {
	case ByHour:
		for hour := range 24 {
			all = append(all, ofHour(hour))
		}
		return all
	case ByWeekday:
		for _, day := range Weekdays {
			all = append(all, Value{day, day})
		}
		return all
	}
	for _, row := range r.Rows {
		if !slices.Contains(all, row.Values[i]) {
			all = append(all, row.Values[i])
		}
	}
	slices.SortFunc(all, d.compare)
	return all
}
