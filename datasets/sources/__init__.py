"""Sources of data: IDX and CSV files, tables of pandas, Arrow and Polars, mapped arrays, image folders, downloads."""
