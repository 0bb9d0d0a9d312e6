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
	byRow, byColumn := make([][]Row, len(m.Rows)), make([][]Row, len(m.Columns))
	at := func(row, column Value) []Value {
		values := make([]Value, 2)
		values[rows], values[columns] = row, column
		return values
	}
	m.Cells = make([][]Measure, len(m.Rows))
	for i := range m.Cells {
		m.Cells[i] = make([]Measure, len(m.Columns))
		for j := range m.Columns {
			m.Cells[i][j] = r.none(at(m.Rows[i], m.Columns[j])).M[name]
		}
	}
	for _, row := range r.Rows {
		i, j := slices.Index(m.Rows, row.Values[rows]), slices.Index(m.Columns, row.Values[columns])
		m.Cells[i][j] = row.M[name]
		byRow[i], byColumn[j] = append(byRow[i], row), append(byColumn[j], row)
	}
	for i, of := range byRow {
		m.RowTotals = append(m.RowTotals, r.row(at(m.Rows[i], Value{}), *Rest(of).figures).M[name])
	}
	for j, of := range byColumn {
		m.ColumnTotals = append(m.ColumnTotals, r.row(at(Value{}, m.Columns[j]), *Rest(of).figures).M[name])
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
