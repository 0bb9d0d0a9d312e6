package stats

import "slices"

// Matrix is one metric by two dimensions that have an order, of the places that have a row.
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
	down, across := 0, 1
	if r.By[0] == ByHour || r.By[0] == ByWeekday && r.By[1] != ByHour {
		down, across = 1, 0
	}
	m := &Matrix{Rows: r.placesOf(down), Columns: r.placesOf(across), By: [2]Dimension{r.By[down], r.By[across]}}
	groups := map[[2]Value][]Row{} // in which Value{} stands for any
	for _, row := range r.Rows {
		v := [2]Value{row.Values[down], row.Values[across]}
		for _, k := range [][2]Value{v, {v[0]}, {{}, v[1]}} {
			groups[k] = append(groups[k], row)
		}
	}
	sum := func(row, column Value) Measure {
		values := make([]Value, 2)
		values[down], values[across] = row, column
		if rows := groups[[2]Value{row, column}]; len(rows) > 0 {
			return r.row(values, *Rest(rows).figures).M[name]
		}
		return r.none(values).M[name]
	}
	for _, column := range m.Columns {
		m.ColumnTotals = append(m.ColumnTotals, sum(Value{}, column))
	}
	for i, row := range m.Rows {
		m.RowTotals, m.Cells = append(m.RowTotals, sum(row, Value{})), append(m.Cells, nil)
		for _, column := range m.Columns {
			m.Cells[i] = append(m.Cells[i], sum(row, column))
		}
	}
	return m
}

// placesOf lists the places of the rows in a dimension of the report.
func (r *Report) placesOf(i int) (all []Value) {
	for _, row := range r.Rows {
		all = append(all, row.Values[i])
	}
	slices.SortFunc(all, r.By[i].compare)
	return slices.Compact(all)
}
